import type { House } from './house.ts';

/** Rollouts of every kind, so that a picture or a test has something of each to look at. */

const ROUTED = 'trafficRouting: {plugins: {tidegate/router: {}}}, scaleDownDelaySeconds: 2, abortScaleDownDelaySeconds: 2';

/** A blue-green rollout that waits for somebody to promote it. */
export const BLUE_GREEN = (name: string) =>
  `{blueGreen: {activeService: ${name}, previewService: ${name}-preview, autoPromotionEnabled: false, scaleDownDelaySeconds: 30}}`;

/** Rings: testers first, then a share of users, then everybody. */
export const RINGS = `{canary: {${ROUTED}, steps: [
    {plugin: {name: tidegate/ring, config: {ring: testers, match: [{header: {name: X-Tester}}], soak: 2s}}},
    {plugin: {name: tidegate/ring, config: {ring: early, match: [{users: {percent: 5, by: {header: X-User}}}], soak: 20m}}},
    {plugin: {name: tidegate/ring, config: {ring: north, match: [{users: {percent: 25, by: {header: X-User}}}], soak: 24h}}},
    {setWeight: 50}, {pause: {}}]}}`;

/** A step that runs the old and the new one side by side. */
export const EXPERIMENT = `{canary: {${ROUTED}, steps: [
    {experiment: {duration: 10m, templates: [{name: baseline, specRef: stable}, {name: candidate, specRef: canary}]}},
    {setWeight: 50}, {pause: {}}]}}`;

/** A canary that is measured by a query as well. */
export const ANALYSED = `{canary: {${ROUTED}, analysis: {templates: [{templateName: success-rate}]}, steps: [{setWeight: 25}, {pause: {}}, {setWeight: 50}, {pause: {duration: 1m}}]}}`;

/** The analysis template of `ANALYSED`. */
export const successRate = (namespace: string) => `apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: success-rate, namespace: ${namespace}}
spec:
  metrics:
    - name: success-rate
      interval: 2s
      failureLimit: 5
      successCondition: result[0] >= 0.95
      provider:
        prometheus:
          address: http://prometheus.istio-system:9090
          query: |
            sum(rate(tidegate_router_requests_total{rollout="${namespace}/search",class!="5xx"}[20s]))
            / sum(rate(tidegate_router_requests_total{rollout="${namespace}/search"}[20s]))
`;

/** The Service before the preview of a blue-green rollout. */
export const preview = (namespace: string, name: string, port: number) => `apiVersion: v1
kind: Service
metadata: {name: ${name}-preview, namespace: ${namespace}, annotations: {tidegate.dev/listen: "127.0.0.1:${port}"}}
spec: {selector: {app: ${name}}, ports: [{port: 80, targetPort: http}]}
`;

/** Makes one of each, its second revision on its way. */
export async function variety(house: House, freePort: () => Promise<number>): Promise<void> {
  await house.apply(preview('shop', 'catalog', await freePort()));
  await house.apply(successRate('production'));
  const each = [
    { namespace: 'shop', name: 'catalog', strategy: BLUE_GREEN('catalog') },
    { namespace: 'shop', name: 'cart', strategy: RINGS },
    { namespace: 'staging', name: 'billing', strategy: EXPERIMENT },
    { namespace: 'production', name: 'search', strategy: ANALYSED },
  ];
  await Promise.all(each.map((one) => house.settle({ ...one, version: 'v1', errors: 0.002 })));
  await Promise.all(each.map((one) => house.release({ ...one, version: 'v2', errors: 0.002 })));
}
