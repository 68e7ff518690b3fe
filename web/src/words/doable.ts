import type { Permissions, RolloutView } from '../api/model.ts';

/** What people may ask of a rollout, by the verbs of the API. */
export type Action = 'promote' | 'promote-full' | 'pause' | 'resume' | 'abort' | 'retry' | 'undo';

/** Whether something can be done, and why not. */
export interface Doable {
  can: boolean;
  reason: string;
}

const yes: Doable = { can: true, reason: '' };
const no = (reason: string): Doable => ({ can: false, reason });

/** Whether `action` makes sense now and the reader may do it. */
export function doable(action: Action, view: RolloutView, permissions: Permissions | null): Doable {
  const permitted = permissions?.[action];
  if (permitted !== undefined && !permitted.allowed) return no(permitted.reason ?? 'your role does not allow it');
  return sensible(action, view);
}

function sensible(action: Action, view: RolloutView): Doable {
  const { report, status } = view;
  const underWay = status.current !== status.stable;
  const held = report.waiting.some((one) =>
    one.for === 'Unpaused' || (one.for === 'Promotion' && one.reason === 'User'));
  switch (action) {
    case 'undo':
      return Object.keys(status.revisions).length > 1 ? yes : no('there is no other revision');
    case 'retry':
      return !report.aborted ? no('it was not taken back') : yes;
    case 'resume':
      return held ? yes : no('nobody holds it');
    case 'pause':
      if (held) return no('it is held already');
      return underWay && !report.aborted ? yes : no('nothing is on its way');
    default:
      if (report.aborted) return no('it was taken back: retry it first');
      return underWay ? yes : no('nothing is on its way');
  }
}

/** Whether what is done in a namespace asks for its name to be typed: production, unless the server says. */
export function isProtected(namespace: string, told: { name: string; protected: boolean }[] | null): boolean {
  const known = told?.find((one) => one.name === namespace);
  return known?.protected ?? /^prod(uction)?(-|$)/.test(namespace);
}
