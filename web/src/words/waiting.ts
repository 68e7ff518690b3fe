import type { AbortReason, Limit, Outlook, PauseReason, Waiting, WaitsFor } from '../api/model.ts';
import { clock, duration, until } from './format.ts';

/** How a revision is named: its number where that is known, else its hash. */
export type Naming = (revision: string) => string;

const hash: Naming = (revision) => revision;

/** What a rollout waits for, in one sentence with no full stop. */
export function waiting(one: Waiting, now: number, name: Naming = hash): string {
  switch (one.for) {
    case 'Replicas':
      return `${one.have} of ${one.need} replicas of ${name(one.revision)} to be available`;
    case 'Surplus':
      return `replicas of ${name(one.revision)} to go: ${one.have} there, ${one.want} wanted`;
    case 'Router':
      return 'the router to confirm the split';
    case 'PauseUntil':
      return `the pause to end in ${until(one.until, now)}`;
    case 'Promotion':
      return promotion(one.reason);
    case 'Unpaused':
      return 'spec.paused to be taken away';
    case 'Analysis':
      return `the analysis ${one.run}`;
    case 'Exposure':
      return `evidence: ${outlook(one.outlook)}`;
    case 'Experiment':
      return `the experiment ${one.experiment}`;
    case 'ScaleDown':
      return `replicas of ${name(one.revision)} to go in ${until(one.until, now)}`;
    case 'Obstacle':
      return `somebody to mend ${name(one.revision)}: ${one.message}`;
  }
}

function promotion(reason: PauseReason): string {
  const words: Record<PauseReason, string> = {
    Step: 'somebody to promote it',
    BlueGreen: 'somebody to promote it: it is ready to take over',
    Inconclusive: 'somebody to promote or abort it: the analysis could not tell',
    InconclusiveExperiment: 'somebody to promote or abort it: the experiment could not tell',
    InconclusiveExposure: 'somebody to promote or abort it: its budget or its time is spent',
    User: 'somebody to resume it',
  };
  return words[reason];
}

/** What a share follows from, and what the next one needs. */
export function outlook(it: Outlook): string {
  const excluded = it.under == null
    ? 'no harm is excluded yet'
    : `harm from ${it.under / 1e4} % up is excluded by ${it.judged} requests`;
  const next = limit(it.limit, it.weight);
  return `${it.at_risk / 1000} of ${it.budget} requests may be hurt, ${excluded}${next === '' ? '' : `; ${next}`}`;
}

function limit(it: Limit, weight: number): string {
  if (it === 'traffic') return 'waits for requests: there are none';
  if (it === 'given') return `waits for the router to give ${weight} %`;
  if (it === 'spent') return 'the budget allows no share any more';
  if (it === 'nothing') return '';
  if ('dwell' in it) return `holds ${weight} % until ${clock(it.dwell.until)}`;
  const { next, requests, seconds } = it.evidence;
  if (requests == null || seconds == null) return `${next} % needs more evidence than requests bring at ${weight} %`;
  return `${next} % needs about ${requests} more requests, ${duration(seconds * 1000)}`;
}

/** Why a rollout was taken back, in the space of a row: the finding alone, without the names of what found it. */
export function abortedShort(reason: AbortReason): string {
  if (typeof reason === 'object' && 'Analysis' in reason) {
    return `taken back: ${reason.Analysis.message.replace(/^metric "[^"]*": /, '')}`;
  }
  return aborted(reason);
}

/** Why a rollout was taken back. */
export function aborted(reason: AbortReason): string {
  if (reason === 'Deadline') return 'taken back: no progress before the deadline';
  if ('User' in reason) {
    const { who, why } = reason.User;
    return why == null ? `aborted by ${who}` : `aborted by ${who}: ${why}`;
  }
  if ('Analysis' in reason) return `taken back by ${reason.Analysis.run}: ${reason.Analysis.message}`;
  if ('Experiment' in reason) {
    return `taken back by the experiment ${reason.Experiment.experiment}: ${reason.Experiment.message}`;
  }
  const { known, told } = reason.StoreWentBack;
  return `taken back: the store went back and knows a share of ${known} %, the router was told ${told} % later; take it up again with retry`;
}

/** For whom or what a row of the fleet waits, in one or two words. */
export function waitsFor(whom: WaitsFor | null): string {
  const words: Record<WaitsFor, string> = {
    person: 'a person', evidence: 'evidence', time: 'time', replicas: 'replicas', router: 'the router',
    obstacle: 'a mend',
  };
  return whom === null ? '' : words[whom];
}

/** When the next thing happens by itself, if one of `all` says so. */
export function nextMoment(all: Waiting[]): string | undefined {
  const moments = all.flatMap((one) => {
    if (one.for === 'PauseUntil' || one.for === 'ScaleDown') return [one.until];
    if (one.for === 'Exposure' && typeof one.outlook.limit === 'object' && 'dwell' in one.outlook.limit) {
      return [one.outlook.limit.dwell.until];
    }
    return [];
  });
  return moments.sort()[0];
}
