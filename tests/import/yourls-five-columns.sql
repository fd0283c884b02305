# An old dump in Latin-1, without the addresses.
insert into blog_url values('1','https://example.com/café','Café','2012-03-04 05:06:07',7);
insert into blog_url values('a','https://example.com/a','','2012-03-04 05:06:08',8);
insert into blog_expiry values('a','click','3','','','');
insert into blog_url values('b','https://example.com/b',8);
