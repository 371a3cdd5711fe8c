"""What is wrong with a page for a keyboard, a screen reader or weak eyes, asked of it in Chromium.

Which pages are asked is for the tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from playwright.sync_api import Page

FAULTS = """() => {
  const faults = [];
  const all = (selector) => [...document.querySelectorAll(selector)];
  const show = (element) => element.outerHTML.slice(0, 120);
  const words = (ids) => (ids ?? "").split(" ").map((id) => document.getElementById(id)?.textContent ?? "").join("");
  const given = (element) => (element.getAttribute("aria-label") ?? "") + words(element.getAttribute("aria-labelledby"));
  const labels = (element) => [...(element.labels ?? [])].map((label) => label.textContent).join("");

  const ids = all("[id]").map((element) => element.id);
  new Set(ids.filter((id, at) => ids.indexOf(id) !== at)).forEach((id) => faults.push(`id twice: ${id}`));
  for (const element of all("input:not([type=hidden]), select, textarea"))
    if (!(given(element) + labels(element)).trim()) faults.push(`no label: ${show(element)}`);
  for (const element of all("a[href], button, summary"))
    if (!(given(element) + element.textContent).trim()) faults.push(`no name: ${show(element)}`);
  for (const element of all("img:not([alt])")) faults.push(`no alt: ${show(element)}`);
  for (const element of all("svg:not([aria-hidden=true]):not([role=img])")) faults.push(`loud picture: ${show(element)}`);
  for (const element of all("table th:not([scope])")) faults.push(`no scope: ${show(element)}`);
  for (const name of ["aria-describedby", "aria-labelledby", "aria-controls", "popovertarget"])
    for (const element of all(`[${name}]`))
      for (const id of element.getAttribute(name).split(" "))
        if (!document.getElementById(id) && element.id !== "dialog") faults.push(`${name} to nowhere: ${show(element)}`);
  for (const element of all("[tabindex]"))
    if (element.tabIndex > 0) faults.push(`its own tab order: ${show(element)}`);

  const headings = all("h1, h2, h3, h4").filter((heading) => !heading.closest("dialog:not([open])"));
  const levels = headings.map((heading) => Number(heading.tagName[1]));
  if (levels.filter((level) => level === 1).length !== 1 || !headings[0].textContent.trim()) faults.push("not one h1");
  levels.forEach((level, at) => {
    if (level > (levels[at - 1] ?? 0) + 1) faults.push(`heading skips a level: ${show(headings[at])}`);
  });
  if (all("main").length !== 1) faults.push("not one main");
  if (!document.documentElement.lang || !document.title) faults.push("no language or title");
  if (document.documentElement.scrollWidth > innerWidth) faults.push("wider than the screen");
  return faults;
}"""

# Text against what is painted behind it: 4.5 to 1, and 3 to 1 where it is large (WCAG 1.4.3).
FAINT = """() => {
  const pen = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const paint = (colour) => {
    if (!known.has(colour)) {
      pen.clearRect(0, 0, 1, 1);
      pen.fillStyle = colour;
      pen.fillRect(0, 0, 1, 1);
      known.set(colour, [...pen.getImageData(0, 0, 1, 1).data]);
    }
    return known.get(colour);
  };
  const over = ([r, g, b, a], under) => [r, g, b].map((part, at) => (part * a + under[at] * (255 - a)) / 255);
  const ground = (element) => {
    const above = [];
    for (let at = element; at; at = at.parentElement) {
      const colour = paint(getComputedStyle(at).backgroundColor);
      above.push(colour);
      if (colour[3] === 255) break;
    }
    return above.reverse().reduce((under, colour) => over(colour, under), [255, 255, 255]);
  };
  const bright = (colour) => {
    const [r, g, b] = colour.map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const faults = new Set();
  for (const element of document.body.querySelectorAll("*")) {
    const words = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (!words || element.closest("svg, meter, :disabled, [aria-disabled=true]") || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    const style = getComputedStyle(element);
    if (style.clipPath !== "none") continue;
    const behind = ground(element);
    const [light, dark] = [bright(over(paint(style.color), behind)), bright(behind)].sort((a, b) => b - a);
    const size = parseFloat(style.fontSize);
    const needed = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
    const ratio = (light + 0.05) / (dark + 0.05);
    if (ratio < needed - 0.01) faults.add(`${ratio.toFixed(2)}: ${element.className || element.tagName} "${element.textContent.trim().slice(0, 30)}"`);
  }
  return [...faults];
}"""


# A change of scheme fades like any other; what is judged is where it ends.
STILL = """async () => {
  const fading = () => document.getAnimations().filter((one) => one instanceof CSSTransition);
  while (fading().length) await Promise.all(fading().map((one) => one.finished.catch(() => null)));
}"""
Screen = tuple[int, Literal["light", "dark"]]


def faults(page: Page) -> list[str]:
    """Of the page as it stands."""
    return list(page.evaluate(FAULTS) + page.evaluate(FAINT))


def faults_of(page: Page, *paths: str, screens: Sequence[Screen] = ()) -> dict[str, list[str]]:
    """Of each page as it comes, or on each of these screens: their width and their scheme."""
    found = {}
    for path in paths:
        answer = page.goto(path)
        assert answer, path
        said = [] if answer.status == 200 else [f"status {answer.status}"]
        for width, scheme in screens:
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(color_scheme=scheme)
            page.evaluate(STILL)
            said += [f"{width} {scheme}: {fault}" for fault in faults(page)]
        said += [] if screens else faults(page)
        if said:
            found[path] = said
    return found
