CREATE TABLE `dead_letters` (
	`queue` text NOT NULL,
	`message_id` text NOT NULL,
	`org` text,
	`body_digest` text NOT NULL,
	`ids` text NOT NULL,
	`reason` text NOT NULL,
	`died_at` integer NOT NULL,
	PRIMARY KEY(`queue`, `message_id`)
);
--> statement-breakpoint
CREATE INDEX `dead_letters_by_org` ON `dead_letters` (`org`,`died_at`);--> statement-breakpoint
CREATE INDEX `bead_claims_by_time` ON `bead_transitions` (`org`,`occurred_at`) WHERE kind = 'BEAD_CLAIMED';--> statement-breakpoint
CREATE INDEX `bead_rescues_by_time` ON `bead_transitions` (`org`,`occurred_at`) WHERE kind = 'BEAD_RESCUED';