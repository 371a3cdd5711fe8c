// A file that is streamed, with how far it is. Without this file, or for a log too long to hold,
// the browser takes the download by itself.

const LONGEST = 100_000;
// The lines of each form beside its entries: a header, and an end.
const FRAME = { "bailiwick.audit": 2, "bailiwick.audit.csv": 1 };
const one = (selector, root = document) => root.querySelector(selector);
const number = (value) => value.toLocaleString("en");

for (const form of document.querySelectorAll("[data-download]")) {
  const card = document.getElementById(form.dataset.download);
  let running = null;

  form.addEventListener("submit", (event) => {
    if (!card || !window.ReadableStream || Number(form.dataset.entries) > LONGEST) return;
    event.preventDefault();
    if (running) return;
    running = new AbortController();
    take(form, card, running).finally(() => (running = null));
  });
  one("[data-download-stop]", card ?? document)?.addEventListener("click", () => running?.abort());
}

async function take(form, card, running) {
  const address = `${form.getAttribute("action")}?${new URLSearchParams(new FormData(form))}`;
  const show = (count, note) => {
    one("[data-download-count]", card).textContent = count;
    one("[data-download-note]", card).textContent = note;
  };
  const stop = one("[data-download-stop]", card);
  const bar = one("progress", card);
  card.hidden = stop.hidden = false;
  bar.value = 0;
  show("", "Counting the entries.");
  try {
    const response = await fetch(address, { signal: running.signal, headers: { Accept: "*/*" } });
    const entries = Number(response.headers.get("X-Entries") ?? NaN);
    if (!response.ok || response.redirected || Number.isNaN(entries)) {
      // The page says why, as it would have without a script.
      location.assign(address);
      return;
    }
    const extra = FRAME[(response.headers.get("X-Schema") ?? "").split("/")[0]] ?? 0;
    bar.max = entries || 1;
    const began = performance.now();
    const written = (lines) => Math.max(0, Math.min(entries, lines - extra));
    const { parts, lines } = await read(response.body, (lines) => {
      bar.value = written(lines);
      show(`${number(written(lines))} of ${number(entries)}`, remaining(began, written(lines), entries));
    });
    if (lines - extra !== entries) throw new Error("cut");
    save(new Blob(parts, { type: response.headers.get("Content-Type") }), fileName(response));
    bar.value = bar.max;
    show(`${number(entries)} of ${number(entries)}`, "The file is complete.");
  } catch (error) {
    const stopped = error.name === "AbortError";
    show("", stopped ? "Stopped. Nothing was kept." : "The download was cut, and nothing was kept. Try again.");
  }
  stop.hidden = true;
}

async function read(body, tell) {
  const reader = body.getReader();
  const parts = [];
  let lines = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { parts, lines };
    for (const byte of value) if (byte === 10) lines += 1;
    parts.push(value);
    tell(lines);
  }
}

function remaining(began, written, entries) {
  const seconds = (performance.now() - began) / 1000;
  if (!written || seconds < 1) return "Stay on this page until it is complete.";
  const left = Math.ceil((seconds / written) * (entries - written));
  return left < 2 ? "Almost done." : `About ${left} seconds. Stay on this page until it is complete.`;
}

function fileName(response) {
  return response.headers.get("Content-Disposition")?.match(/filename="([^"]+)"/)?.[1] ?? "audit-log";
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
