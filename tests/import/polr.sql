-- phpMyAdmin SQL Dump
-- version 5.2.1
SET SQL_MODE = "NO_AUTO_VALUE_ON_ZERO";
START TRANSACTION;
SET time_zone = "+00:00";
CREATE TABLE `clicks` (`id` int(10) UNSIGNED NOT NULL, `ip` varchar(255), `link_id` int(10));
INSERT INTO `clicks` (`id`, `ip`, `link_id`) VALUES (1, '192.0.2.9', 1);
CREATE TABLE `links` (
  `id` int(10) UNSIGNED NOT NULL,
  `short_url` varchar(255) COLLATE utf8_unicode_ci NOT NULL,
  `long_url` longtext COLLATE utf8_unicode_ci NOT NULL,
  `ip` varchar(255) COLLATE utf8_unicode_ci NOT NULL,
  `creator` varchar(255) COLLATE utf8_unicode_ci NOT NULL,
  `clicks` varchar(255) COLLATE utf8_unicode_ci NOT NULL,
  `secret_key` varchar(255) COLLATE utf8_unicode_ci NOT NULL,
  `is_disabled` tinyint(1) NOT NULL DEFAULT 0,
  `is_custom` tinyint(1) NOT NULL DEFAULT 0,
  `is_api` tinyint(1) NOT NULL DEFAULT 0,
  `created_at` timestamp NULL DEFAULT NULL,
  `updated_at` timestamp NULL DEFAULT NULL,
  `long_url_hash` varchar(10) DEFAULT NULL
) ENGINE=InnoDB;

INSERT INTO `links` (`id`, `short_url`, `long_url`, `ip`, `creator`, `clicks`, `secret_key`, `is_disabled`, `is_custom`, `is_api`, `created_at`, `updated_at`, `long_url_hash`) VALUES
(1, '0', 'https://example.com/zero', '192.0.2.1', 'admin', '12', '', 0, 0, 0, '2016-01-02 03:04:05', '2016-01-02 03:04:05', 'a1b2'),
(2, 'hidden', 'https://example.com/hidden', '192.0.2.1', 'anna', '0', 'k3y', 0, 1, 0, '2016-01-02 03:04:05', '2016-01-02 03:04:05', NULL),
(3, 'off', 'https://example.com/off', '192.0.2.1', '', '-1', '', 1, 1, 0, NULL, NULL, NULL);
COMMIT;
