import type { Report } from '../api/model.ts';
import { nextMoment } from './waiting.ts';

/** What happens next, when, or after what. */
export interface Next {
  what: string;
  /** The moment at which it happens by itself, where there is one. */
  at?: string;
  /** What it waits for instead of a moment. */
  once?: string;
}

/** What happens next to a rollout; nothing where it has arrived. `ends` is when the experiment in the way is over. */
export function next(report: Report, ends?: string | null): Next | undefined {
  if (report.aborted) return { what: 'nothing by itself', once: 'taken back: retry it, or release another revision' };
  if (report.waiting.length === 0) return undefined;
  const what = following(report);
  const at = ends ?? nextMoment(report.waiting);
  return at == null ? { what, once: once(report) } : { what, at };
}

function following(report: Report): string {
  const only = report.waiting.every((one) => one.for === 'ScaleDown' || one.for === 'Surplus');
  if (only) return 'old replicas go';
  const active = report.steps.findIndex((step) => step.state === 'Active');
  if (active < 0) return 'all users get it';
  return report.steps.slice(active + 1).find((step) => step.state === 'Ahead')?.label ?? 'all users get it';
}

function once(report: Report): string {
  const [first] = report.waiting;
  switch (first?.for) {
    case 'Promotion': return first.reason === 'User' ? 'once somebody resumes it' : 'once somebody promotes it';
    case 'Unpaused': return 'once spec.paused is taken away';
    case 'Analysis': return 'once the analysis is over';
    case 'Experiment': return 'once the experiment is over';
    case 'Exposure': return 'once the evidence allows it';
    case 'Router': return 'once the router confirms';
    case 'Obstacle': return 'once somebody mends it';
    default: return 'once the replicas are there';
  }
}
