CREATE TABLE `sessions` (
	`session_id` text PRIMARY KEY NOT NULL,
	`org` text NOT NULL,
	`work_order_id` text NOT NULL,
	`assembly` text NOT NULL,
	`title` text NOT NULL,
	`state` text NOT NULL,
	`review_mode` text NOT NULL,
	`run_id` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`ended_at` integer,
	`reason` text,
	`version` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `sessions_by_org` ON `sessions` (`org`,`created_at`);--> statement-breakpoint
CREATE INDEX `sessions_by_work_order` ON `sessions` (`org`,`work_order_id`);