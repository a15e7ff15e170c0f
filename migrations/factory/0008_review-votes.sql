CREATE TABLE `review_votes` (
	`session_id` text NOT NULL,
	`org` text NOT NULL,
	`seq` integer NOT NULL,
	`review_id` text NOT NULL,
	`approval_id` text NOT NULL,
	`approver` text NOT NULL,
	`action_digest` text NOT NULL,
	`decision` text NOT NULL,
	`approvals` integer NOT NULL,
	`needed` integer NOT NULL,
	`expires_at_unix_sec` integer NOT NULL,
	`occurred_at` integer NOT NULL,
	PRIMARY KEY(`session_id`, `seq`),
	FOREIGN KEY (`session_id`) REFERENCES `projection_cursors`(`session_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `review_votes_of_review` ON `review_votes` (`session_id`,`review_id`,`seq`);