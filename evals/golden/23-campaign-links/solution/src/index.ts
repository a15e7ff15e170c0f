export { campaignName } from "./campaign-name.ts";
export { hostOf } from "./host-of.ts";
export { isEncrypted } from "./is-encrypted.ts";
export { pathParts } from "./path-parts.ts";
export { shortLink } from "./short-link.ts";
export { withCampaign } from "./with-campaign.ts";
