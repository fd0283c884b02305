-- MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64)
--
-- Host: localhost    Database: yourls
/*!40101 SET NAMES utf8mb4 */;
/*!40103 SET TIME_ZONE='+00:00' */;

DROP TABLE IF EXISTS `yourls_log`;
CREATE TABLE `yourls_log` (
  `click_id` int NOT NULL AUTO_INCREMENT,
  `click_time` datetime NOT NULL,
  `shorturl` varchar(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL,
  `referrer` varchar(200) NOT NULL,
  `user_agent` varchar(255) NOT NULL,
  `ip_address` varchar(41) NOT NULL,
  `country_code` char(2) NOT NULL,
  PRIMARY KEY (`click_id`),
  KEY `shorturl` (`shorturl`)
) ENGINE=InnoDB;
LOCK TABLES `yourls_log` WRITE;
INSERT INTO `yourls_log` VALUES (1,'2021-01-01 00:00:00','1','direct','curl; INSERT INTO `yourls_url` VALUES (\'evil\',\'https://example.com/evil\',\'\',\'\',\'\',0);','192.0.2.7','NL'),(2,'2021-01-02 00:00:00','abc','direct','x','192.0.2.8','DE');
UNLOCK TABLES;

CREATE TABLE `yourls_options` (`option_id` bigint, `option_name` varchar(64), `option_value` longtext);
INSERT INTO `yourls_options` (`option_id`, `option_name`, `option_value`) VALUES (1, 'next_id', '42');

CREATE TABLE `yourls_url` (
  `keyword` varchar(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '',
  `url` text CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  `title` text CHARACTER SET utf8mb4,
  `timestamp` timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  `ip` varchar(41) NOT NULL,
  `clicks` int unsigned NOT NULL,
  PRIMARY KEY (`keyword`),
  KEY `ip` (`ip`),
  KEY `timestamp` (`timestamp`)
) ENGINE=InnoDB;
INSERT INTO `yourls_url` VALUES ('1','https://example.com/one','It\'s \"one\"','2020-10-26 17:20:40','192.0.2.1',12),('abc','https://example.org/a?b=(1,2);c=\\d',NULL,'0000-00-00 00:00:00','192.0.2.2',0);
INSERT INTO `yourls_url` (`keyword`, `url`, `title`, `timestamp`, `ip`, `clicks`) VALUES
('2', 'https://example.com/two', 'It''s two -- not a comment', '2021-01-01 00:00:00', '::1', 1234),
(0x7468726565, 0x68747470733A2F2F6578616D706C652E636F6D2F7468726565, _utf8mb4 'CafÃ© three', '2021-01-02 00:00:00', '', 3),
('four', 'https://example.com/four', '', NOW(), '', 4)
ON DUPLICATE KEY UPDATE clicks = VALUES(clicks);
REPLACE INTO yourls.yourls_url (keyword, url, title, clicks) VALUES
	('five', 'https://example.com/five', '5', 5),
	('short', 'https://example.com/short');
-- Dump completed on 2026-01-01  0:00:00
