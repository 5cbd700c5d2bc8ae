// k6: POST the prepared body, by so many virtual users in a closed loop, or at a rate (constant-arrival-rate).
import http from 'k6/http';

const seconds = `${__ENV.LOAD_SECONDS}s`;
const users = Number(__ENV.LOAD_CONNECTIONS);
const closedLoop = { executor: 'constant-vus', vus: users, duration: seconds };
const openLoop = {
  executor: 'constant-arrival-rate',
  rate: Number(__ENV.LOAD_RATE),
  timeUnit: '1s',
  duration: seconds,
  preAllocatedVUs: users,
  maxVUs: users,
};
export const options = {
  scenarios: { infer: Number(__ENV.LOAD_RATE) ? openLoop : closedLoop },
  discardResponseBodies: true,
  summaryTrendStats: ['med', 'p(99)', 'max'],
};
const body = open(__ENV.LOAD_BODY, 'b');
const headers = Object.fromEntries(__ENV.LOAD_HEADERS.split('\n').map((line) => line.split(': ')));

export default function () {
  http.post(__ENV.LOAD_URL, body, { headers });
}
