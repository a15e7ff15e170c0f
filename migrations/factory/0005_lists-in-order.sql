CREATE TABLE `session_places` (
	`place` integer PRIMARY KEY NOT NULL,
	`session_id` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `session_places_session_id_unique` ON `session_places` (`session_id`);--> statement-breakpoint
CREATE TABLE `session_tallies` (
	`org` text NOT NULL,
	`assembly_id` text NOT NULL,
	`state` text NOT NULL,
	`sessions` integer NOT NULL,
	PRIMARY KEY(`org`, `assembly_id`, `state`)
);
--> statement-breakpoint
DROP INDEX `reviews_open`;--> statement-breakpoint
CREATE INDEX `reviews_in_order` ON `reviews` (`org`,`requested_at`,`review_id`);--> statement-breakpoint
DROP INDEX `session_views_by_org`;--> statement-breakpoint
DROP INDEX `session_views_by_assembly`;--> statement-breakpoint
DROP INDEX `session_views_by_work_order`;--> statement-breakpoint
CREATE INDEX `session_views_in_order` ON `session_views` (`org`,`started_at`,`session_id`);--> statement-breakpoint
CREATE INDEX `session_views_in_order_by_assembly` ON `session_views` (`org`,`assembly_id`,`started_at`,`session_id`);--> statement-breakpoint
CREATE INDEX `session_views_in_order_by_work_order` ON `session_views` (`org`,`work_order_id`,`started_at`,`session_id`);--> statement-breakpoint
CREATE INDEX `session_views_in_order_by_state` ON `session_views` (`org`,`state`,`started_at`,`session_id`);--> statement-breakpoint
CREATE INDEX `session_views_in_order_by_assembly_and_state` ON `session_views` (`org`,`assembly_id`,`state`,`started_at`,`session_id`);--> statement-breakpoint
CREATE INDEX `session_views_open` ON `session_views` (`org`,`started_at`,`session_id`) WHERE "session_views"."outcome" is null;--> statement-breakpoint
CREATE INDEX `artifacts_in_order` ON `artifacts` (`session_id`,`created_at`,`artifact_id`);--> statement-breakpoint
CREATE INDEX `beads_in_order` ON `beads` (`session_id`,`created_at`,`bead_id`);--> statement-breakpoint
CREATE INDEX `verifications_in_order` ON `verifications` (`session_id`,`occurred_at`,`verification_id`);