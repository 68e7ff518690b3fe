import type { AbortReason, Entry, Test } from '../api/model.ts';
import { aborted } from './waiting.ts';

/** Who did it. */
export function actor(entry: Entry): string {
  return 'name' in entry.actor ? entry.actor.name : entry.actor.kind;
}

/** What it is about: `default/web`. */
export function subject(entry: Entry): string {
  return entry.subject.key;
}

/** What happens most, for whoever filters by it. The ledger may hold other words. */
export const WORDS = [
  'Aborted', 'AccountCreated', 'Applied', 'Deleted', 'Denied', 'MetricDecided', 'Paused', 'Promoted', 'Resumed', 'RevisionWanted',
  'RoleGiven', 'RunEnded', 'RunStarted', 'Scaled', 'SignedIn', 'StepCompleted', 'TokenCreated', 'TokenRevoked', 'WeightSet',
];

/** What merely follows from a decision: scaling, and what is written of an analysis on its way to its end. */
const FOLLOWS = new Set(['Scaled', 'RoutesSet', 'MetricDecided', 'RunDecided', 'RunEnded', 'TemplateMoved']);

/** The place of the newest decision among entries, oldest first: what somebody asks about who asks why. */
export function newestDecision(entries: Entry[]): number {
  const found = entries.findLastIndex((entry) => !FOLLOWS.has(entry.what));
  const after = entries[found];
  // To take a share away is what an abort does.
  const abort = entries.findLastIndex((entry) => entry.what === 'Aborted');
  const fell = after?.what === 'WeightSet' && (after.detail as { to?: number }).to === 0;
  return Math.max(0, fell && abort >= 0 ? abort : found);
}

type Detail = Record<string, unknown>;

const asText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** What happened, in one sentence with no full stop. */
export function sentence(entry: Entry): string {
  const detail = (entry.detail ?? {}) as Detail;
  const of = (name: string) => asText(detail[name] ?? '');
  switch (entry.what) {
    case 'Applied':
      return `${entry.subject.kind} ${of('outcome')}`;
    case 'RevisionWanted':
      return `revision ${of('number')} (${of('revision')}) is wanted`;
    case 'Scaled':
      return `${of(detail['revision'] === undefined ? 'template' : 'revision')}: ${of('from')} → ${of('to')} replicas`;
    case 'WeightSet':
      return `${of('revision')} gets ${of('to')} % (before: ${of('from')} %)`;
    case 'Promoted':
      return `${of('revision')} reached all users and is stable`;
    case 'StepCompleted':
      return `step ${Number(detail['index'] ?? 0) + 1} is done`;
    case 'Paused':
      return `paused: ${of('reason')}`;
    case 'RunStarted':
      return `the analysis ${of('run')} began`;
    case 'RunEnded':
      return `the analysis ${of('run')} ${of('outcome')}`;
    case 'Resumed':
      return 'goes on';
    case 'MetricDecided':
      return `the analysis ${of('run')}: a metric is decided`;
    case 'ExperimentStarted':
      return `the experiment ${of('experiment')} began`;
    case 'ExperimentEnded':
      return `the experiment ${of('experiment')} ${of('outcome')}`;
    case 'TemplateMoved':
      return `template ${of('template')} is ${of('to')}`;
    case 'Available':
      return 'all templates are available';
    case 'RoutesSet':
      return detail['sends'] === true ? `${words(detail['routes'])} send to the new revision` : `${words(detail['routes'])} send no more to it`;
    case 'SignedIn':
      return 'signed in';
    case 'AccountCreated':
      return `the account of a ${of('kind')}`;
    case 'RoleGiven':
      return `${words(Object.values((detail['subject'] ?? {}) as Detail))} is ${of('role')} of ${of('namespace')}/${of('application')}`;
    case 'TokenCreated':
      return `a token of ${of('account')}`;
    case 'Aborted':
      return aborted(detail['reason'] as AbortReason);
    default:
      return other(detail);
  }
}

const words = (list: unknown): string => (Array.isArray(list) ? list.map(asText).join(', ') : asText(list));

function other(detail: Detail): string {
  const event = detail['event'] as Detail | undefined;
  const message = event?.['message'] ?? detail['message'] ?? detail['why'] ?? detail['reason'];
  if (message !== undefined) return asText(message);
  const told = Object.entries(detail).filter(([name, value]) => name !== 'generation' && typeof value !== 'object' && value !== '');
  return told.map(([name, value]) => `${name} ${asText(value)}`).join(', ');
}

/** The tests that an entry holds as its evidence, wherever in it they are. */
export function evidence(value: unknown, depth = 0): Test[] {
  if (typeof value !== 'object' || value === null || depth > 9) return [];
  const tests = (value as { tests?: unknown }).tests;
  if (Array.isArray(tests) && tests.length > 0) return tests as Test[];
  for (const inner of Object.values(value)) {
    const found = evidence(inner, depth + 1);
    if (found.length > 0) return found;
  }
  return [];
}
