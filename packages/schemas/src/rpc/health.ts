/** RPC every Worker's entry class answers for `GET /health`. */
export type Health = { readonly worker: string; readonly ok: boolean; readonly detail?: string };

export interface HealthRpc {
  health(): Promise<Health>;
}
