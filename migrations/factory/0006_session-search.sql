-- The text index of sessions: what is searched for is found without going through all sessions. It is made of `session_views`
-- and `sessions` by triggers alone, so a rebuild of a session's rows rebuilds it too.
--
-- A session's place grows with its start, so that matches come newest first and a page ends the search. Sessions of one
-- millisecond follow each other: a millisecond has room for 2^20 of them.
-- The org is between two characters that stand in no other text, so that one org's name is no part of another's.
CREATE VIRTUAL TABLE `session_search` USING fts5(`org`, `title`, `work_order_id`, `session_id`, content='', contentless_delete=1, tokenize='trigram');
--> statement-breakpoint
INSERT INTO `session_places` (`place`, `session_id`)
	SELECT (`started_at` << 20) + row_number() OVER (PARTITION BY `started_at` ORDER BY `session_id`) - 1, `session_id` FROM `session_views`;
--> statement-breakpoint
INSERT INTO `session_search` (`rowid`, `org`, `title`, `work_order_id`, `session_id`)
	SELECT `places`.`place`, char(1) || `views`.`org` || char(1), (SELECT `title` FROM `sessions` AS `known` WHERE `known`.`session_id` = `views`.`session_id` AND `known`.`org` = `views`.`org`),
		`views`.`work_order_id`, `views`.`session_id`
	FROM `session_places` AS `places` JOIN `session_views` AS `views` ON `views`.`session_id` = `places`.`session_id`;
--> statement-breakpoint
CREATE TRIGGER `session_views_entered` AFTER INSERT ON `session_views` BEGIN
	INSERT INTO `session_places` (`place`, `session_id`) SELECT
		coalesce((SELECT max(`place`) + 1 FROM `session_places` WHERE `place` BETWEEN new.`started_at` << 20 AND (new.`started_at` << 20) + 1048575), new.`started_at` << 20),
		new.`session_id`;
	INSERT INTO `session_search` (`rowid`, `org`, `title`, `work_order_id`, `session_id`)
		SELECT `place`, char(1) || new.`org` || char(1), (SELECT `title` FROM `sessions` WHERE `session_id` = new.`session_id` AND `org` = new.`org`), new.`work_order_id`, new.`session_id`
		FROM `session_places` WHERE `session_id` = new.`session_id`;
END;
--> statement-breakpoint
CREATE TRIGGER `session_views_left` AFTER DELETE ON `session_views` BEGIN
	DELETE FROM `session_search` WHERE `rowid` = (SELECT `place` FROM `session_places` WHERE `session_id` = old.`session_id`);
	DELETE FROM `session_places` WHERE `session_id` = old.`session_id`;
END;
--> statement-breakpoint
-- The registry may know of a session before its log is projected, and after.
CREATE TRIGGER `sessions_entered` AFTER INSERT ON `sessions` BEGIN
	DELETE FROM `session_search` WHERE `rowid` = (SELECT `place` FROM `session_places` WHERE `session_id` = new.`session_id`);
	INSERT INTO `session_search` (`rowid`, `org`, `title`, `work_order_id`, `session_id`)
		SELECT `places`.`place`, char(1) || `views`.`org` || char(1), iif(`views`.`org` = new.`org`, new.`title`, NULL), `views`.`work_order_id`, `views`.`session_id`
		FROM `session_views` AS `views` JOIN `session_places` AS `places` ON `places`.`session_id` = `views`.`session_id` WHERE `views`.`session_id` = new.`session_id`;
END;
--> statement-breakpoint
CREATE TRIGGER `sessions_named_anew` AFTER UPDATE OF `title` ON `sessions` WHEN new.`title` IS NOT old.`title` BEGIN
	DELETE FROM `session_search` WHERE `rowid` = (SELECT `place` FROM `session_places` WHERE `session_id` = new.`session_id`);
	INSERT INTO `session_search` (`rowid`, `org`, `title`, `work_order_id`, `session_id`)
		SELECT `places`.`place`, char(1) || `views`.`org` || char(1), iif(`views`.`org` = new.`org`, new.`title`, NULL), `views`.`work_order_id`, `views`.`session_id`
		FROM `session_views` AS `views` JOIN `session_places` AS `places` ON `places`.`session_id` = `views`.`session_id` WHERE `views`.`session_id` = new.`session_id`;
END;
