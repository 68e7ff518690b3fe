import type { RolloutSummary } from '../api/model.ts';

export type Column = 'name' | 'phase' | 'weight' | 'waits' | 'requests' | 'errors' | 'changed';

/** What of the fleet is shown, and in which order. */
export interface Wish {
  search: string;
  namespace: string;
  phase: string;
  sort: Column;
  down: boolean;
}

/** Whoever needs somebody comes first. */
const URGENCY: Record<string, number> = { Degraded: 0, Paused: 1, Progressing: 2, Healthy: 3 };

const text = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
const nameOf = (row: RolloutSummary) => `${row.namespace}/${row.name}`;

const ORDERS: Record<Column, (a: RolloutSummary, b: RolloutSummary) => number> = {
  name: (a, b) => text(a.namespace, b.namespace) || text(a.name, b.name),
  phase: (a, b) => (URGENCY[a.phase] ?? 9) - (URGENCY[b.phase] ?? 9),
  weight: (a, b) => a.wantedWeight - b.wantedWeight,
  waits: (a, b) => text(a.waitsFor ?? '~', b.waitsFor ?? '~'),
  requests: (a, b) => a.requestRate - b.requestRate,
  errors: (a, b) => (a.errorRate ?? -1) - (b.errorRate ?? -1),
  changed: (a, b) => text(a.changedAt, b.changedAt),
};

/** The rows that are wished for; rows that are equal stay in the order of their names. */
export function arrange(rows: RolloutSummary[], wish: Wish): RolloutSummary[] {
  const search = wish.search.trim().toLowerCase();
  const takes = (row: RolloutSummary) =>
    (wish.namespace === '' || row.namespace === wish.namespace)
    && (wish.phase === '' || row.phase === wish.phase)
    && (search === '' || nameOf(row).toLowerCase().includes(search)
      || row.images.some((image) => image.toLowerCase().includes(search)));
  const order = ORDERS[wish.sort];
  const sign = wish.down ? -1 : 1;
  return rows.filter(takes).sort((a, b) => sign * order(a, b) || ORDERS.name(a, b));
}
