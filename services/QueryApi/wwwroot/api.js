// Asks the API. An answer that is not a success becomes an Error whose message a person can read.

export async function get(path, signal) {
  let response;
  try {
    response = await fetch(path, { headers: { accept: 'application/json' }, signal });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Error('The service does not answer.');
  }

  if (response.ok) return response.json();
  const problem = await response.json().catch(() => ({}));
  throw new Error(problem.detail ?? problem.title ?? `The service answers ${response.status}.`);
}
