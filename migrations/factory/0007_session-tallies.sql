-- How many sessions of an org and an assembly stand in each state. It is made of `session_views` by triggers alone, so a
-- rebuild of a session's rows keeps it right.
INSERT INTO `session_tallies` (`org`, `assembly_id`, `state`, `sessions`)
	SELECT `org`, `assembly_id`, coalesce(`state`, ''), count(*) FROM `session_views` GROUP BY 1, 2, 3;
--> statement-breakpoint
CREATE TRIGGER `session_views_tallied` AFTER INSERT ON `session_views` BEGIN
	INSERT INTO `session_tallies` (`org`, `assembly_id`, `state`, `sessions`) VALUES (new.`org`, new.`assembly_id`, coalesce(new.`state`, ''), 1)
		ON CONFLICT (`org`, `assembly_id`, `state`) DO UPDATE SET `sessions` = `sessions` + 1;
END;
--> statement-breakpoint
CREATE TRIGGER `session_views_untallied` AFTER DELETE ON `session_views` BEGIN
	UPDATE `session_tallies` SET `sessions` = `sessions` - 1 WHERE `org` = old.`org` AND `assembly_id` = old.`assembly_id` AND `state` = coalesce(old.`state`, '');
END;
--> statement-breakpoint
CREATE TRIGGER `session_views_moved` AFTER UPDATE OF `org`, `assembly_id`, `state` ON `session_views`
	WHEN new.`state` IS NOT old.`state` OR new.`assembly_id` <> old.`assembly_id` OR new.`org` <> old.`org` BEGIN
	UPDATE `session_tallies` SET `sessions` = `sessions` - 1 WHERE `org` = old.`org` AND `assembly_id` = old.`assembly_id` AND `state` = coalesce(old.`state`, '');
	INSERT INTO `session_tallies` (`org`, `assembly_id`, `state`, `sessions`) VALUES (new.`org`, new.`assembly_id`, coalesce(new.`state`, ''), 1)
		ON CONFLICT (`org`, `assembly_id`, `state`) DO UPDATE SET `sessions` = `sessions` + 1;
END;
