/**
 * Every request that is sent to Linear, as constants: nothing is put together at run time, so each can be checked against
 * Linear's published schema as it stands here.
 *
 * @see https://github.com/linear/linear/blob/master/packages/sdk/src/schema.graphql
 */

export const VIEWER = `query FactoryViewer { viewer { id name } }`;

export const USER = `query FactoryUser($id: String!) { user(id: $id) { id isMe app } }`;

export const TEAM_STATES = `query FactoryTeamStates($teamId: String!, $after: String) {
  team(id: $teamId) { id states(first: 100, after: $after) { nodes { id name type position } pageInfo { hasNextPage endCursor } } }
}`;

export const TEAM_CYCLE = `query FactoryTeamCycle($teamId: String!) {
  team(id: $teamId) { id activeCycle { id name number startsAt endsAt } }
}`;

export const ISSUE_LABELS = `query FactoryIssueLabels($filter: IssueLabelFilter, $after: String) {
  issueLabels(filter: $filter, first: 100, after: $after) { nodes { id name team { id } } pageInfo { hasNextPage endCursor } }
}`;

export const ISSUE = `query FactoryIssue($id: String!) { issue(id: $id) { id identifier url } }`;

export const ISSUE_CREATE = `mutation FactoryIssueCreate($input: IssueCreateInput!) {
  issueCreate(input: $input) { success issue { id identifier url } }
}`;

export const ISSUE_UPDATE = `mutation FactoryIssueUpdate($id: String!, $input: IssueUpdateInput!) {
  issueUpdate(id: $id, input: $input) { success issue { id identifier url } }
}`;

export const ISSUE_RELATION_CREATE = `mutation FactoryIssueRelationCreate($input: IssueRelationCreateInput!) {
  issueRelationCreate(input: $input) { success issueRelation { id } }
}`;

export const ISSUE_LABEL_CREATE = `mutation FactoryIssueLabelCreate($input: IssueLabelCreateInput!) {
  issueLabelCreate(input: $input) { success issueLabel { id name } }
}`;

export const COMMENT_CREATE = `mutation FactoryCommentCreate($input: CommentCreateInput!) {
  commentCreate(input: $input) { success comment { id } }
}`;

export const MILESTONE_CREATE = `mutation FactoryProjectMilestoneCreate($input: ProjectMilestoneCreateInput!) {
  projectMilestoneCreate(input: $input) { success projectMilestone { id } }
}`;

export const DOCUMENT_CREATE = `mutation FactoryDocumentCreate($input: DocumentCreateInput!) {
  documentCreate(input: $input) { success document { id } }
}`;

export const DOCUMENT_UPDATE = `mutation FactoryDocumentUpdate($id: String!, $input: DocumentUpdateInput!) {
  documentUpdate(id: $id, input: $input) { success document { id } }
}`;

export const WEBHOOKS = `query FactoryWebhooks($after: String) {
  webhooks(first: 100, after: $after) { nodes { id url enabled resourceTypes team { id } } pageInfo { hasNextPage endCursor } }
}`;

export const WEBHOOK_CREATE = `mutation FactoryWebhookCreate($input: WebhookCreateInput!) {
  webhookCreate(input: $input) { success webhook { id enabled } }
}`;
