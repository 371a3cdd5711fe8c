// Conveniences of the shell: palette, dialogs, menus, toasts, row selection, copying, busy buttons.
// Every page works without this file; nothing here decides who may do what.

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const one = (selector, root = document) => root.querySelector(selector);

// Dialogs ------------------------------------------------------------------------------------

function openDialog(dialog) {
  if (dialog && !dialog.open) dialog.showModal();
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) {
    event.preventDefault();
    one("#sidebar:popover-open")?.hidePopover();
    openDialog(document.getElementById(opener.dataset.dialog));
    return;
  }
  const closer = event.target.closest("[data-close]");
  const dialog = closer?.closest("dialog");
  if (dialog) {
    event.preventDefault();
    dialog.close();
    return;
  }
  // A press on the backdrop reaches the dialog itself; typed words are not thrown away by it.
  if (event.target.matches?.("dialog[open]") && !one("input:not([type=hidden]), textarea", event.target)) {
    event.target.close();
  }
});

// A link that is a page of its own opens in the shell's dialog where there is one.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-into-dialog]");
  const dialog = document.getElementById("dialog");
  if (!link || !dialog || !window.htmx || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  link.closest("[popover]")?.hidePopover();
  window.htmx.ajax("GET", link.href, { target: "#dialog", swap: "innerHTML", source: link });
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target?.id === "dialog" && event.detail.target.innerHTML.trim()) {
    openDialog(event.detail.target);
    one("[autofocus], [aria-invalid=true]", event.detail.target)?.focus();
  }
  prepare(document);
});

document.addEventListener("closeDialog", () => all("dialog[open]").forEach((dialog) => dialog.close()));
document.getElementById("dialog")?.addEventListener("close", (event) => event.target.replaceChildren());

// What asks by itself, again and again, rests while nobody looks.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.target.matches?.("[data-while-seen]")) event.preventDefault();
});

// A refused form comes back as 422 with the same partial, or as 409 where somebody else was faster:
// show it, do not swallow it.
document.addEventListener("htmx:beforeSwap", (event) => {
  if ([409, 422].includes(event.detail.xhr.status)) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});

// Toasts -------------------------------------------------------------------------------------

const STAYS_FOR = 6000;

function toast({ text, kind = "info", undo = null, link = null }) {
  const region = document.getElementById("toasts");
  const template = document.getElementById("toast-template");
  if (!region || !template || !text) return;
  const node = template.content.firstElementChild.cloneNode(true);
  node.classList.add(kind);
  all("[data-kind]", node).forEach((icon) => icon.dataset.kind === kind || icon.remove());
  one(".toast-text", node).textContent = text;
  if (kind === "bad") node.setAttribute("role", "alert");
  if (undo) offerUndo(one("[data-toast-undo]", node), undo, node);
  if (link) Object.assign(one("[data-toast-link]", node), { href: link.url, textContent: link.text, hidden: false });
  region.append(node);
  raise(region);
  if (kind !== "bad") vanish(node);
}

function offerUndo(button, url, node) {
  button.hidden = false;
  button.addEventListener("click", () => {
    node.remove();
    window.htmx.ajax("POST", url, { source: document.body, swap: "none" });
  });
}

// The top layer keeps toasts above an open dialog; only inside it can they be clicked.
function raise(region) {
  const home = all("dialog:modal").at(-1) ?? document.body;
  if (region.parentElement !== home) home.append(region);
  if (!region.showPopover) return;
  if (region.matches(":popover-open")) region.hidePopover();
  region.showPopover();
}

function leaveDialog(dialog) {
  const region = document.getElementById("toasts");
  if (!region || !dialog.contains(region)) return;
  document.body.append(region);
  if (region.children.length) raise(region);
}
// What closes or fills a dialog takes no toast away; capturing, before it is emptied.
document.addEventListener("close", (event) => leaveDialog(event.target), true);
document.addEventListener("htmx:beforeSwap", (event) => {
  const region = one("#toasts", event.detail.target);
  if (region) document.body.append(region);
});
document.addEventListener("htmx:afterSwap", () => {
  const region = document.getElementById("toasts");
  if (region?.children.length && !region.matches(":popover-open")) raise(region);
});

function vanish(node) {
  let timer;
  const start = () => (timer = setTimeout(() => node.remove(), STAYS_FOR));
  const stop = () => clearTimeout(timer);
  node.addEventListener("pointerenter", stop);
  node.addEventListener("pointerleave", start);
  node.addEventListener("focusin", stop);
  node.addEventListener("focusout", start);
  start();
}

document.addEventListener("toast", (event) => toast(event.detail));
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-dismiss]")) event.target.closest(".toast, .notice").remove();
});

function failed(event) {
  const xhr = event.detail.xhr;
  if (xhr?.getResponseHeader("HX-Trigger")?.includes("toast")) return;
  const id = xhr?.getResponseHeader("X-Request-ID");
  const text = xhr?.status ? "The server did not do this." : "The server could not be reached.";
  toast({ text: `${text} Nothing was changed.${id ? ` Request ${id}.` : ""}`, kind: "bad" });
}
document.addEventListener("htmx:responseError", failed);
document.addEventListener("htmx:sendError", failed);

// Palette ------------------------------------------------------------------------------------

const palette = document.getElementById("palette");

function paletteItems() {
  return all(".palette-item", palette).filter((item) => !item.hidden);
}

function choose(item) {
  all(".palette-item", palette).forEach((other) => {
    other.classList.toggle("chosen", other === item);
    other.setAttribute("aria-selected", String(other === item));
  });
  const input = one("[data-palette-input]", palette);
  if (!item) return input.removeAttribute("aria-activedescendant");
  input.setAttribute("aria-activedescendant", item.id);
  item.scrollIntoView({ block: "nearest" });
}

function markMatch(span, words) {
  const text = span.textContent;
  const at = words ? text.toLowerCase().indexOf(words) : -1;
  if (at < 0) return span.replaceChildren(text);
  const found = document.createElement("mark");
  found.textContent = text.slice(at, at + words.length);
  span.replaceChildren(text.slice(0, at), found, text.slice(at + words.length));
}

function filterPalette() {
  const words = one("[data-palette-input]", palette).value.trim().toLowerCase();
  all(".palette-item", palette).forEach((item) => {
    const text = item.textContent.toLowerCase();
    item.hidden = !words.split(/\s+/).every((word) => text.includes(word));
    markMatch(one("[data-palette-text]", item), words);
  });
  all("[data-palette-group]", palette).forEach((group) => {
    group.hidden = all(".palette-item", group).every((item) => item.hidden);
  });
  const items = paletteItems();
  one("[data-palette-none]", palette).hidden = items.length > 0;
  choose(items[0]);
}

function paletteKey(event) {
  const items = paletteItems();
  const at = items.findIndex((item) => item.classList.contains("chosen"));
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && items.length) {
    event.preventDefault();
    choose(items[(at + step + items.length) % items.length]);
  } else if (event.key === "Enter" && items[at]) {
    event.preventDefault();
    if (event.metaKey || event.ctrlKey) window.open(items[at].href, "_blank", "noopener");
    else items[at].click();
  }
}

if (palette) {
  one("[data-palette-input]", palette).addEventListener("input", filterPalette);
  palette.addEventListener("keydown", paletteKey);
  palette.addEventListener("close", () => {
    one("[data-palette-input]", palette).value = "";
    filterPalette();
  });
  filterPalette();
}

document.addEventListener("keydown", (event) => {
  if ((event.metaKey || event.ctrlKey) && !event.shiftKey && event.key.toLowerCase() === "k" && palette) {
    event.preventDefault();
    if (palette.open) palette.close();
    else if (!one("dialog[open]")) openDialog(palette);
  }
});
if (!/Mac|iPhone|iPad/.test(navigator.platform)) {
  all("kbd").forEach((key) => key.textContent === "⌘" && (key.textContent = "Ctrl"));
}

// Menus --------------------------------------------------------------------------------------

const anchored = CSS.supports("position-area: bottom");

function placeMenu(menu, opener) {
  const from = opener.getBoundingClientRect();
  const box = menu.getBoundingClientRect();
  const fits = from.bottom + box.height + 8 < innerHeight;
  const left = menu.closest(".col-menu, .page-actions, .from-end") ? from.right - box.width : from.left;
  menu.style.top = `${fits ? from.bottom : Math.max(8, from.top - box.height - 8)}px`;
  menu.style.left = `${Math.max(8, Math.min(left, innerWidth - box.width - 8))}px`;
}

document.addEventListener(
  "toggle",
  (event) => {
    const menu = event.target;
    if (!menu.matches?.(".menu") || event.newState !== "open") return;
    const opener = one(`[popovertarget="${CSS.escape(menu.id)}"]`);
    if (!anchored && opener) placeMenu(menu, opener);
    if (opener?.matches(":focus-visible")) one(".menu-item", menu)?.focus();
  },
  true,
);

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.(".menu:popover-open, :popover-open ~ .menu");
  const opener = event.target.closest?.("[popovertarget]");
  const open = menu ?? (opener && document.getElementById(opener.getAttribute("popovertarget")));
  if (!open?.matches(".menu:popover-open")) return;
  const items = all(".menu-item", open);
  const at = items.indexOf(document.activeElement);
  const next = { ArrowDown: at + 1, ArrowUp: at < 0 ? items.length - 1 : at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (next === undefined || !items.length) return;
  event.preventDefault();
  items[(next + items.length) % items.length].focus();
});

// Selecting rows -----------------------------------------------------------------------------

function showSelection(root) {
  const boxes = all("[data-select]:not(:disabled)", root);
  const ticked = boxes.filter((box) => box.checked);
  const every = one("[data-select-all]", root);
  if (every) {
    every.checked = boxes.length > 0 && ticked.length === boxes.length;
    every.indeterminate = ticked.length > 0 && ticked.length < boxes.length;
  }
  const count = one("[data-bulk-count]", root);
  if (count) count.textContent = String(ticked.length);
}

document.addEventListener("change", (event) => {
  const root = event.target.closest("[data-selectable]");
  if (!root) return;
  if (event.target.matches("[data-select-all]")) {
    all("[data-select]:not(:disabled)", root).forEach((box) => (box.checked = event.target.checked));
  }
  if (event.target.matches("[data-select-all], [data-select]")) showSelection(root);
});

document.addEventListener("click", (event) => {
  const root = event.target.closest("[data-bulk-clear]")?.closest("[data-selectable]");
  if (!root) return;
  all("[data-select]", root).forEach((box) => (box.checked = false));
  showSelection(root);
});

// Forms --------------------------------------------------------------------------------------

const sameName = (field) => field.value.trim() === field.dataset.confirmName.trim();

function guardByName(field) {
  all("button:not([type=button])", field.form).forEach((button) => (button.disabled = !sameName(field)));
}

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-confirm-name]")) guardByName(event.target);
});

const faces = new Map();

function setBusy(button) {
  faces.set(button, [...button.childNodes]);
  button.replaceChildren(button.dataset.busy);
  button.disabled = true;
  button.setAttribute("aria-busy", "true");
}

function setIdle(button) {
  if (!faces.has(button)) return;
  button.replaceChildren(...faces.get(button));
  button.disabled = false;
  button.removeAttribute("aria-busy");
  faces.delete(button);
}

document.addEventListener("submit", (event) => {
  const button = event.submitter ?? one("button[data-busy]", event.target);
  if (!button?.dataset.busy) return;
  // After the browser has read the form: a disabled button would not send its own value.
  setTimeout(() => setBusy(button));
});
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest?.("form");
  if (form) all("button[data-busy]", form).forEach(setIdle);
});
addEventListener("pageshow", (event) => {
  if (event.persisted) all("button[data-busy]").forEach(setIdle);
});

// Copying ------------------------------------------------------------------------------------

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    toast({ text: "Copied", kind: "ok" });
    if (button.dataset.copied) one("span", button).textContent = button.dataset.copied;
  } catch {
    toast({ text: "This browser does not allow copying. Select the text instead.", kind: "bad" });
  }
});

// A select that filters sends its form when it changes; without JavaScript there is a button.
document.addEventListener("change", (event) => {
  if (event.target.matches(".chip-select, .picker select, [data-submit-on-change]")) event.target.form?.requestSubmit();
});

// Where a part takes the place of another, the focus and what was unfolded stay, by their ids.
let focused = "";
document.addEventListener("htmx:beforeRequest", () => (focused = document.activeElement?.id ?? ""));
document.addEventListener("htmx:afterRequest", () => {
  if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus();
});
document.addEventListener("htmx:oobBeforeSwap", ({ detail }) => {
  all("details[id][open]", detail.target).forEach((part) => one(`#${CSS.escape(part.id)}`, detail.fragment)?.setAttribute("open", ""));
});

// What has just arrived, at load or by htmx --------------------------------------------------

function prepare(root) {
  all("[data-confirm-name]", root).forEach(guardByName);
  all("[data-selectable]", root).forEach(showSelection);
  all("[data-some]", root).forEach((box) => (box.indeterminate = true));
}

prepare(document);
// On a phone the tabs of a page are wider than it: the one it stands on is in sight.
all(".tabs > [aria-current]").forEach((tab) => {
  const [box, strip] = [tab.getBoundingClientRect(), tab.parentElement.getBoundingClientRect()];
  tab.parentElement.scrollLeft += box.left - strip.left - (strip.width - box.width) / 2;
});
const waiting = document.getElementById("toasts");
if (waiting?.children.length) {
  raise(waiting);
  all(".toast:not(.bad)", waiting).forEach(vanish);
}
