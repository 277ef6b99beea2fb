// Requests that change something carry a header that no other site's page can send.

export async function post(path, body = {}, headers = {}) {
  return fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Fingerpost": "page", ...headers },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(30000),
  });
}
