import type { components } from './schema.d.ts';

/** The API's types, by the names that the page has for them. All are made of its OpenAPI by `npm run generate`. */

type Schemas = components['schemas'];

export type AbortReason = Schemas['AbortReason'];
export type Account = Schemas['Account'];
export type Binding = Schemas['Binding'];
export type DeadLetter = Schemas['DeadLetter'];
export type DoraMetric = Schemas['DoraMetric'];
export type DoraReport = Schemas['DoraReport'];
export type Entry = Schemas['LedgerEntry'];
export type Environment = Schemas['Environment'];
export type ExperimentView = Schemas['ExperimentView'];
export type HistoryItem = Schemas['HistoryItem'];
export type LedgerPage = Schemas['LedgerPage'];
export type LedgerVerdict = Schemas['LedgerVerdict'];
export type Limit = Schemas['Limit'];
export type Measurement = Schemas['MeasurementView'];
export type MetricView = Schemas['MetricView'];
export type NewToken = Schemas['NewToken'];
export type Notifications = Schemas['Notifications'];
export type Outlook = Schemas['Outlook'];
export type PauseReason = Schemas['PauseReason'];
export type Permission = Schemas['Permission'];
export type Permissions = Record<string, Permission>;
export type Phase = Schemas['Phase'];
export type ProblemTold = Schemas['Problem'];
export type Replica = Schemas['ReplicaSeen'];
export type Report = Schemas['Report'];
export type RevisionDiff = Schemas['RevisionDiff'];
export type RevisionView = Schemas['RevisionView'];
export type RingView = Schemas['RingView'];
export type RolloutPage = Schemas['RolloutPage'];
export type RolloutSummary = Schemas['RolloutSummary'];
export type RolloutView = Schemas['RolloutView'];
export type RolloutsEvent = Schemas['RolloutsEvent'];
export type Run = Schemas['RunView'];
export type Session = Schemas['SessionView'];
export type SignInWays = Schemas['SignInWays'];
export type StepState = Schemas['StepState'];
export type Test = Schemas['TestEvidence'];
export type TokenView = Schemas['TokenView'];
export type Verdict = Schemas['JudgeVerdict'];
export type Waiting = Schemas['Waiting'];
export type WaitsFor = Schemas['WaitsFor'];
