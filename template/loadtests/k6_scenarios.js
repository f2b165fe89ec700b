// The scenarios, as k6 runs them: loadtests/k6_tool.py starts it with SCENARIO.
// Template-owned: write scenarios of your own into another file, and start k6 with it.
import http from "k6/http";
import { sleep } from "k6";

const people = JSON.parse(open(__ENV.LOAD_PEOPLE));
const pauseSeconds = Number(__ENV.LOAD_PAUSE_SECONDS);
const users = `${__ENV.LOAD_URL}/api/v1/users/`;

export const options = {
  scenarios: {
    [__ENV.SCENARIO]: {
      executor: "constant-vus",
      exec: __ENV.SCENARIO,
      vus: Number(__ENV.CLIENTS),
      duration: `${__ENV.SECONDS}s`,
    },
  },
};

const one = (list) => list[Math.floor(Math.random() * list.length)];
const unique = () => `${Date.now().toString(36)}${Math.random().toString(36).slice(2, 12)}`;

function asking(token, name) {
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  return { headers, tags: { name } };
}

const requests = {
  readMe: () => http.get(`${users}me`, asking(one(people.people).token, "GET /api/v1/users/me")),
  readPage: () =>
    http.get(`${users}?limit=20`, asking(people.administrator_token, "GET /api/v1/users/")),
  readOne: () =>
    http.get(
      users + one(people.people).id,
      asking(people.administrator_token, "GET /api/v1/users/{user_id}"),
    ),
  logIn: () =>
    http.post(
      `${__ENV.LOAD_URL}/api/v1/auth/login`,
      JSON.stringify({ username: one(people.people).username, password: people.password }),
      asking("", "POST /api/v1/auth/login"),
    ),
  changeMe: () =>
    http.patch(
      `${users}me`,
      JSON.stringify({ full_name: `Load ${unique()}` }),
      asking(one(people.people).token, "PATCH /api/v1/users/me"),
    ),
  createUser: () => {
    const name = `load-${unique()}`;
    const account = { ...people.new_account, email: `${name}@example.com`, username: name };
    http.post(
      users,
      JSON.stringify(account),
      asking(people.administrator_token, "POST /api/v1/users/"),
    );
  },
};

/** Each name as often as its weight says. */
function scenario(weights) {
  const names = Object.entries(weights).flatMap(([name, weight]) => Array(weight).fill(name));
  return () => {
    requests[one(names)]();
    sleep(pauseSeconds * (0.5 + Math.random()));
  };
}

export const browse = scenario({ readMe: 5, readPage: 2, readOne: 3 });
export const login = scenario({ logIn: 1 });
export const write = scenario({ changeMe: 3, createUser: 1 });
export const mixed = scenario({
  readMe: 10,
  readPage: 4,
  readOne: 6,
  changeMe: 3,
  createUser: 1,
  logIn: 1,
});
