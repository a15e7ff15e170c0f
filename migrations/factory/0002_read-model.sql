CREATE TABLE `amendments` (
	`session_id` text NOT NULL,
	`org` text NOT NULL,
	`seq` integer NOT NULL,
	`amendment_id` text NOT NULL,
	`run_id` text,
	`state` text NOT NULL,
	`divergence_id` text NOT NULL,
	`hypothesis_id` text NOT NULL,
	`divergence_reason` text NOT NULL,
	`fault_attribution` text NOT NULL,
	`scope` text NOT NULL,
	`bead_ids` text NOT NULL,
	`specification_id` text,
	`depth` integer NOT NULL,
	`patch` text,
	`proposed_at` integer,
	`resolved_at` integer,
	PRIMARY KEY(`session_id`, `amendment_id`),
	FOREIGN KEY (`session_id`) REFERENCES `projection_cursors`(`session_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `amendments_by_run` ON `amendments` (`org`,`run_id`);--> statement-breakpoint
CREATE INDEX `amendments_by_id` ON `amendments` (`org`,`amendment_id`);--> statement-breakpoint
CREATE TABLE `artifact_edges` (
	`session_id` text NOT NULL,
	`org` text NOT NULL,
	`seq` integer NOT NULL,
	`source` text NOT NULL,
	`rel` text NOT NULL,
	`target` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`session_id`, `source`, `rel`, `target`),
	FOREIGN KEY (`session_id`) REFERENCES `projection_cursors`(`session_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `artifact_edges_by_source` ON `artifact_edges` (`org`,`source`);--> statement-breakpoint
CREATE INDEX `artifact_edges_by_target` ON `artifact_edges` (`org`,`target`);--> statement-breakpoint
CREATE TABLE `artifacts` (
	`session_id` text NOT NULL,
	`org` text NOT NULL,
	`seq` integer NOT NULL,
	`artifact_id` text NOT NULL,
	`assembly_id` text NOT NULL,
	`artifact_type` text,
	`content_hash` text,
	`storage_ref` text,
	`metadata` text,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`session_id`, `artifact_id`),
	FOREIGN KEY (`session_id`) REFERENCES `projection_cursors`(`session_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `artifacts_by_id` ON `artifacts` (`org`,`artifact_id`);--> statement-breakpoint
CREATE INDEX `artifacts_by_assembly` ON `artifacts` (`org`,`assembly_id`,`artifact_type`);--> statement-breakpoint
CREATE TABLE `bead_transitions` (
	`session_id` text NOT NULL,
	`org` text NOT NULL,
	`seq` integer NOT NULL,
	`bead_id` text NOT NULL,
	`run_id` text NOT NULL,
	`kind` text NOT NULL,
	`from_state` text NOT NULL,
	`to_state` text NOT NULL,
	`epoch` integer NOT NULL,
	`attempt` integer NOT NULL,
	`cycle` integer NOT NULL,
	`agent_id` text,
	`duration_ms` real,
	`error_code` text,
	`reason` text,
	`occurred_at` integer NOT NULL,
	PRIMARY KEY(`session_id`, `seq`),
	FOREIGN KEY (`session_id`) REFERENCES `projection_cursors`(`session_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `bead_transitions_by_bead` ON `bead_transitions` (`session_id`,`bead_id`,`seq`);--> statement-breakpoint
CREATE TABLE `beads` (
	`session_id` text NOT NULL,
	`org` text NOT NULL,
	`seq` integer NOT NULL,
	`bead_id` text NOT NULL,
	`run_id` text NOT NULL,
	`atom_id` text NOT NULL,
	`title` text NOT NULL,
	`team` text NOT NULL,
	`role` text NOT NULL,
	`state` text NOT NULL,
	`epoch` integer NOT NULL,
	`attempt` integer NOT NULL,
	`cycle` integer NOT NULL,
	`agent_id` text,
	`error_code` text,
	`reason` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`session_id`, `bead_id`),
	FOREIGN KEY (`session_id`) REFERENCES `projection_cursors`(`session_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `beads_by_run` ON `beads` (`org`,`run_id`,`state`);--> statement-breakpoint
CREATE INDEX `beads_by_id` ON `beads` (`org`,`bead_id`);--> statement-breakpoint
CREATE TABLE `budget_exhaustions` (
	`session_id` text NOT NULL,
	`org` text NOT NULL,
	`seq` integer NOT NULL,
	`bead_id` text,
	`budget_usd` real NOT NULL,
	`spent_usd` real NOT NULL,
	`reserved_usd` real NOT NULL,
	`occurred_at` integer NOT NULL,
	PRIMARY KEY(`session_id`, `seq`),
	FOREIGN KEY (`session_id`) REFERENCES `projection_cursors`(`session_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `clarifications` (
	`session_id` text NOT NULL,
	`org` text NOT NULL,
	`seq` integer NOT NULL,
	`clarification_id` text NOT NULL,
	`bead_id` text NOT NULL,
	`question` text,
	`answer` text,
	`answered_by` text,
	`asked_at` integer,
	`answered_at` integer,
	PRIMARY KEY(`session_id`, `clarification_id`),
	FOREIGN KEY (`session_id`) REFERENCES `projection_cursors`(`session_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `consent_denials` (
	`session_id` text NOT NULL,
	`org` text NOT NULL,
	`seq` integer NOT NULL,
	`bead_id` text NOT NULL,
	`run_id` text NOT NULL,
	`tool_name` text NOT NULL,
	`input_hash` text NOT NULL,
	`permitted_tools` text NOT NULL,
	`reason` text NOT NULL,
	`epoch` integer NOT NULL,
	`occurred_at` integer NOT NULL,
	PRIMARY KEY(`session_id`, `seq`),
	FOREIGN KEY (`session_id`) REFERENCES `projection_cursors`(`session_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `divergences` (
	`session_id` text NOT NULL,
	`org` text NOT NULL,
	`seq` integer NOT NULL,
	`divergence_id` text NOT NULL,
	`run_id` text,
	`divergence_type` text NOT NULL,
	`bead_id` text,
	`atom_id` text,
	`claim_refs` text NOT NULL,
	`observed` text NOT NULL,
	`expected` text NOT NULL,
	`reason` text NOT NULL,
	`occurred_at` integer NOT NULL,
	PRIMARY KEY(`session_id`, `divergence_id`),
	FOREIGN KEY (`session_id`) REFERENCES `projection_cursors`(`session_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `divergences_by_run` ON `divergences` (`org`,`run_id`);--> statement-breakpoint
CREATE TABLE `model_costs` (
	`session_id` text NOT NULL,
	`org` text NOT NULL,
	`seq` integer NOT NULL,
	`run_id` text,
	`bead_id` text,
	`alias` text NOT NULL,
	`provider` text NOT NULL,
	`model_id` text NOT NULL,
	`purpose` text NOT NULL,
	`prompt_hash` text NOT NULL,
	`input_tokens` integer,
	`output_tokens` integer,
	`cost_usd` real,
	`duration_ms` real NOT NULL,
	`outcome` text NOT NULL,
	`occurred_at` integer NOT NULL,
	PRIMARY KEY(`session_id`, `seq`),
	FOREIGN KEY (`session_id`) REFERENCES `projection_cursors`(`session_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `model_costs_by_org` ON `model_costs` (`org`,`occurred_at`);--> statement-breakpoint
CREATE TABLE `passes` (
	`session_id` text NOT NULL,
	`org` text NOT NULL,
	`seq` integer NOT NULL,
	`pass` text NOT NULL,
	`artifact_id` text NOT NULL,
	`artifact_type` text NOT NULL,
	`model_calls` integer NOT NULL,
	`repaired` integer NOT NULL,
	`duration_ms` real NOT NULL,
	`occurred_at` integer NOT NULL,
	PRIMARY KEY(`session_id`, `seq`),
	FOREIGN KEY (`session_id`) REFERENCES `projection_cursors`(`session_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `projection_cursors` (
	`session_id` text PRIMARY KEY NOT NULL,
	`org` text NOT NULL,
	`seq` integer NOT NULL,
	`tip_seq` integer NOT NULL,
	`closed` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `quarantined_events` (
	`session_id` text NOT NULL,
	`org` text NOT NULL,
	`seq` integer NOT NULL,
	`event_id` text NOT NULL,
	`kind` text NOT NULL,
	`reason` text NOT NULL,
	`occurred_at` integer NOT NULL,
	PRIMARY KEY(`session_id`, `seq`),
	FOREIGN KEY (`session_id`) REFERENCES `projection_cursors`(`session_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `quarantined_events_by_org` ON `quarantined_events` (`org`,`occurred_at`);--> statement-breakpoint
CREATE TABLE `reviews` (
	`session_id` text NOT NULL,
	`org` text NOT NULL,
	`seq` integer NOT NULL,
	`review_id` text NOT NULL,
	`review_type` text,
	`action` text,
	`action_digest` text NOT NULL,
	`prompt_text` text,
	`alternatives` text,
	`deadline_unix_sec` integer,
	`context` text,
	`requested_at` integer,
	`decision` text,
	`note` text,
	`decided_by` text,
	`decided_at` integer,
	`approval_id` text,
	PRIMARY KEY(`session_id`, `review_id`),
	FOREIGN KEY (`session_id`) REFERENCES `projection_cursors`(`session_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `reviews_open` ON `reviews` (`org`,`decision`,`requested_at`);--> statement-breakpoint
CREATE TABLE `run_graph_changes` (
	`session_id` text NOT NULL,
	`org` text NOT NULL,
	`seq` integer NOT NULL,
	`amendment_id` text NOT NULL,
	`run_id` text NOT NULL,
	`reason` text NOT NULL,
	`decided_by` text NOT NULL,
	`changes` text NOT NULL,
	`occurred_at` integer NOT NULL,
	PRIMARY KEY(`session_id`, `seq`),
	FOREIGN KEY (`session_id`) REFERENCES `projection_cursors`(`session_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `run_graph_changes_by_run` ON `run_graph_changes` (`org`,`run_id`);--> statement-breakpoint
CREATE TABLE `session_transitions` (
	`session_id` text NOT NULL,
	`org` text NOT NULL,
	`seq` integer NOT NULL,
	`kind` text NOT NULL,
	`from_state` text,
	`to_state` text,
	`reason` text,
	`code` text,
	`occurred_at` integer NOT NULL,
	PRIMARY KEY(`session_id`, `seq`),
	FOREIGN KEY (`session_id`) REFERENCES `projection_cursors`(`session_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `session_views` (
	`session_id` text PRIMARY KEY NOT NULL,
	`org` text NOT NULL,
	`seq` integer NOT NULL,
	`work_order_id` text NOT NULL,
	`assembly_id` text NOT NULL,
	`state` text,
	`run_id` text,
	`outcome` text,
	`reason` text,
	`reason_code` text,
	`final_artifact_id` text,
	`evidence_digest` text,
	`started_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`ended_at` integer,
	`root_hash` text NOT NULL,
	`beads_blocked` integer NOT NULL,
	`beads_ready` integer NOT NULL,
	`beads_leased` integer NOT NULL,
	`beads_waiting` integer NOT NULL,
	`beads_done` integer NOT NULL,
	`beads_failed` integer NOT NULL,
	`beads_cancelled` integer NOT NULL,
	FOREIGN KEY (`session_id`) REFERENCES `projection_cursors`(`session_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `session_views_by_org` ON `session_views` (`org`,`started_at`);--> statement-breakpoint
CREATE INDEX `session_views_by_assembly` ON `session_views` (`org`,`assembly_id`,`started_at`);--> statement-breakpoint
CREATE INDEX `session_views_by_work_order` ON `session_views` (`org`,`work_order_id`,`started_at`);--> statement-breakpoint
CREATE INDEX `session_views_by_run` ON `session_views` (`org`,`run_id`);--> statement-breakpoint
CREATE TABLE `verifications` (
	`session_id` text NOT NULL,
	`org` text NOT NULL,
	`seq` integer NOT NULL,
	`verification_id` text NOT NULL,
	`run_id` text,
	`verification_type` text NOT NULL,
	`outcome` text NOT NULL,
	`score` real,
	`subject_id` text NOT NULL,
	`summary` text NOT NULL,
	`evidence_root_hash` text,
	`failed_criteria` text NOT NULL,
	`checks_passed` integer,
	`checks_failed` integer,
	`holdouts_passed` integer,
	`holdouts_failed` integer,
	`details` text,
	`occurred_at` integer NOT NULL,
	PRIMARY KEY(`session_id`, `verification_id`),
	FOREIGN KEY (`session_id`) REFERENCES `projection_cursors`(`session_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `verifications_by_subject` ON `verifications` (`org`,`subject_id`);