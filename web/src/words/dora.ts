import type { DoraMetric } from '../api/model.ts';
import { duration, percent } from './format.ts';

/** The five metrics by their names of today. */
export const TITLES: Record<string, string> = {
  changeLeadTime: 'Change lead time',
  deploymentFrequency: 'Deployment frequency',
  failedDeploymentRecoveryTime: 'Failed deployment recovery time',
  changeFailRate: 'Change fail rate',
  deploymentReworkRate: 'Deployment rework rate',
};

/** The number of a metric in its unit: the median where there is one. */
export function dora(metric: DoraMetric): string {
  const value = metric.median ?? metric.value;
  if (value == null) return '–';
  // What took less than some seconds is not nothing.
  if (metric.unit === 'seconds') return value < 9.95 ? `${Number(value.toFixed(1))} s` : duration(value * 1000);
  return metric.unit === 'ratio' ? percent(value) : `${Number(value.toFixed(2))} a day`;
}
