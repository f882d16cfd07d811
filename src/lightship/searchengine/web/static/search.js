// Searches as people type. The page is whole without it, and all that it shows are parts of pages from the server.

const PACE = 50; // milliseconds between requests while typing
const SETTLED = 1000; // without a keystroke, after which the back button leads to a search
const QUIET = 700; // before a screen reader is told
const LONGEST = 15_000; // that a request may take
const TRIES = 3; // of a request, while the server is busy
const KEPT = 30; // pages, for the back button

const find = (selector, within = document) => within.querySelector(selector);
const make = (tag, properties, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};
const chosen = () => find("[aria-selected=true]", list);
const isCovered = () => !wide.matches && find(".facets[open]") !== null; // by the sheet of a phone
const isBusy = () => find("main").ariaBusy === "true";
const setBusy = (busy) => (find("main").ariaBusy = busy);
const isModified = (event) => event.ctrlKey || event.metaKey || event.altKey || event.shiftKey;
const here = () => location.href.split("#")[0];

const form = find(".search");
const box = find("#q");
const wide = matchMedia("(min-width: 52rem)");
const said = make("p", { className: "unseen", role: "status" });
const list = make("ul", { id: "suggestions", role: "listbox", ariaLabel: "Suggestions", hidden: true });
const hint = make("kbd", { className: "hint", ariaHidden: true }, "/");
const slash = make("button", { type: "button", className: "quiet" }); // a key of one letter can be turned off: WCAG 2.1.4
const pages = new Map(); // by url
const news = { results: "", suggestions: "" }; // for screen readers

let searching = new AbortController(); // of the newest page: older ones are aborted, and never shown
let suggesting = new AbortController();
let shown = here(); // the url of the results
let settled = history.state?.settled ?? true; // whether the back button leads to them
let isTyping = false;
let isComposing = false; // by an input method
let waiting = null; // what to do when the typing has settled
let asked = 0; // when it was last searched
let usesSlash = true;
let soon, later, telling;

// Requests

function address(more = {}, path = "/") {
  const parameters = new URLSearchParams(new FormData(form));
  for (const name in more) parameters.set(name, more[name]);
  return new URL(`${path}?${parameters}`, location.origin).href;
}

const typedAddress = () => address({ prefix: "last" });

async function get(url, type, signal) {
  for (let left = TRIES; ; left--) {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(LONGEST)]);
    const answer = await fetch(url, { headers: { Accept: type }, signal: limit });
    if (left === 1 || ![429, 503].includes(answer.status)) return answer;
    const seconds = Math.min(5, Number(answer.headers.get("Retry-After")) || 1) + Math.random() / 2;
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    signal.throwIfAborted();
  }
}

async function search(url, how = {}) {
  searching.abort();
  const { signal } = (searching = new AbortController());
  waiting = null;
  setBusy(true);
  try {
    const kept = how.back && pages.get(url);
    const answer = kept ? { ok: true } : await get(url, "text/html", signal);
    const html = kept ?? (await answer.text());
    signal.throwIfAborted();
    const page = new DOMParser().parseFromString(html, "text/html");
    const problem = find(".message p", page)?.textContent ?? "The search is not ready.";
    const action = answer.ok ? () => show(url, html, page, how) : () => fail(problem);
    if (answer.ok && !find("#q", page)) location.assign(url); // a login, perhaps
    else if (isTyping && !find(".results", page)) waiting = action; // half a word may find nothing
    else action();
  } catch (error) {
    const what = error instanceof TypeError ? "cannot be reached" : "does not answer";
    if (!signal.aborted) fail(`The search ${what}. Press Enter to try again.`);
  }
}

// What is shown

function show(url, html, page, { keep, back }) {
  const place = find("#main :focus") && label(find("#main :focus"));
  const { open, scrollTop } = find(".facets") ?? {};
  remember(url, html, back);
  document.title = page.title;
  document.body.className = page.body.className;
  for (const old of form.querySelectorAll("[type=hidden]")) old.remove();
  box.after(...page.querySelectorAll(".search [type=hidden]"));
  if (!isTyping && !isComposing) box.value = find("#q", page).value;
  for (const part of ["main", "footer"]) find(part).replaceWith(find(part, page));
  offerSlash();
  if (keep && open && find(".facets")) Object.assign(find(".facets"), { open }).scrollTop = scrollTop;
  cover();
  if (place) focusOn(keep && place);
  if (!keep) scrollTo(0, back?.top ?? 0);
  say("results", find(".count, .message h2")?.textContent ?? "");
}

function label(link) {
  return `${link.closest("[aria-label]:not(a)")?.ariaLabel}/${(find("bdi", link) ?? link).textContent}`;
}

function focusOn(place) {
  const same = [...document.querySelectorAll("#main a")].find((link) => label(link) === place);
  const visible = same?.checkVisibility() ? same : same?.closest("details")?.firstElementChild; // its closed menu
  (visible ?? find("main")).focus({ preventScroll: true });
}

function remember(url, html, back) {
  const isNew = settled && url !== here();
  if (isNew) keepPlace();
  settled = back ? (back.settled ?? true) : !isTyping;
  if (!back) history[isNew ? "pushState" : "replaceState"]({ settled, top: 0 }, "", url);
  shown = url;
  pages.delete(url);
  pages.set(url, html);
  if (pages.size > KEPT) pages.delete(pages.keys().next().value);
}

function hold() {
  settled = true;
  keepPlace();
}

function keepPlace() {
  history.replaceState({ settled, top: scrollY }, "");
}

function fail(problem) {
  setBusy(false);
  clearTimeout(telling);
  said.className = "notice";
  said.textContent = problem.replace(/\w$/, "$&.") + (find(".results") ? " The results below are older." : "");
}

function say(about, text) {
  news[about] = text.replace(/\s+/g, " ");
  if (about === "results") said.className = "unseen";
  clearTimeout(telling);
  if (said.className === "notice") return;
  telling = setTimeout(() => (said.textContent = Object.values(news).filter(Boolean).join(", ")), QUIET);
}

// Suggestions: an editable combobox with a list (ARIA APG)

async function suggest() {
  suggesting.abort();
  const { signal } = (suggesting = new AbortController());
  try {
    const answer = await get(address({ size: 8 }, "/suggest"), "application/json", signal);
    const { suggestions } = answer.ok ? await answer.json() : { suggestions: [] };
    if (!signal.aborted) offer(document.activeElement === box ? suggestions : []);
  } catch {
    if (!signal.aborted) offer([]); // the results are there all the same
  }
}

function offer(suggestions) {
  list.replaceChildren(...suggestions.map(option));
  list.hidden = !suggestions.length;
  box.ariaExpanded = !list.hidden;
  choose(null);
  say("suggestions", list.hidden ? "" : `${suggestions.length} suggestion${suggestions.length > 1 ? "s" : ""}`);
}

function option({ text, kind, url }, number) {
  const typed = kind === "word" ? box.value.trimStart().length : text.length;
  const goes = kind === "title" && /^https?:/i.test(url);
  const made = make("li", { id: `suggestion-${number}`, className: kind, role: "option", ariaSelected: false });
  made.append(make("span", { dir: "auto" }, text.slice(0, typed), make("b", {}, text.slice(typed))));
  if (goes) made.append(make("span", { className: "where" }, new URL(url).host));
  made.onclick = () => {
    close();
    hold();
    if (goes) return location.assign(url);
    box.value = text;
    settle();
  };
  return made;
}

function choose(made) {
  if (chosen()) chosen().ariaSelected = false;
  if (!made) return box.removeAttribute("aria-activedescendant");
  made.ariaSelected = true;
  made.scrollIntoView({ block: "nearest" });
  box.setAttribute("aria-activedescendant", made.id);
}

function close() {
  suggesting.abort();
  offer([]);
}

// Typing

function typed() {
  if (isComposing) return;
  stop(false);
  choose(null);
  if (!box.value.trim()) {
    searching.abort();
    setBusy(false);
    return close();
  }
  isTyping = true;
  later = setTimeout(pause, SETTLED);
  soon = setTimeout(ask, Math.max(0, asked + PACE - performance.now()));
}

function ask() {
  asked = performance.now();
  search(typedAddress());
  if (!chosen()) suggest(); // the list stays as it is while somebody chooses
}

function pause() {
  isTyping = false;
  waiting?.();
  waiting = null;
  if (!isBusy()) hold();
}

function stop(closing = true) {
  clearTimeout(soon);
  clearTimeout(later);
  isTyping = false;
  if (closing) close();
}

function settle() {
  stop();
  if (matchMedia("(pointer: coarse)").matches) box.blur(); // its keyboard covers the results
  if (shown === typedAddress() && !isBusy()) hold();
  else search(address());
  return false;
}

function compose(event) {
  isComposing = event.type === "compositionstart";
  if (isComposing) stop(false);
  else typed();
}

// Keys

const KEYS = {
  ArrowDown: () => move(1),
  ArrowUp: () => move(-1),
  Enter: () => (chosen() ? chosen().click() : settle()),
  Escape: () => (list.hidden ? ((box.value = ""), typed()) : close()),
};

function move(step) {
  suggesting.abort();
  const options = [null, ...list.children];
  if (!list.hidden) choose(options.at((options.indexOf(chosen()) + step) % options.length));
  else if (step > 0) walk(1);
}

function walk(step) {
  const links = [...document.querySelectorAll(".results h2 a")];
  const next = links.indexOf(document.activeElement) + step;
  (links[next] ?? (next < 0 ? box : document.activeElement)).focus();
}

function pressInBox(event) {
  if (event.isComposing || event.keyCode === 229 || isModified(event)) return; // 229: for an input method
  if (["Home", "End", "ArrowLeft", "ArrowRight"].includes(event.key)) choose(null);
  if (!KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key]();
}

function press(event) {
  if (event.defaultPrevented) return;
  const { key, target } = event;
  const isCommand = event.ctrlKey || event.metaKey;
  const step = { ArrowDown: 1, ArrowUp: -1 }[key];
  if ((isCommand && key === "k") || (key === "/" && !isCommand && target !== box && usesSlash)) {
    event.preventDefault();
    box.select();
  } else if (step && target.matches(".results h2 a")) {
    event.preventDefault();
    walk(step);
  } else if (key === "Escape") shut(target.closest("details[open]") ?? find("details[open]"));
}

function offerSlash(how) {
  if (how) usesSlash = how === "on";
  const other = usesSlash ? "off" : "on";
  Object.assign(slash, { textContent: `Turn ${other} the / key`, onclick: () => turn(other) });
  hint.hidden = !usesSlash;
  box.ariaKeyShortcuts = `${usesSlash ? "/ " : ""}Control+K`;
  find("footer").append(slash);
}

function turn(how) {
  offerSlash(how);
  slash.focus();
  localStorage.slash = how; // last: it fails where the browser keeps nothing
}

// Links, filters and menus

function click(event) {
  const { target } = event;
  const link = target.closest("#main a");
  for (const menu of document.querySelectorAll(".menu[open]")) menu.open = menu.contains(target);
  if (isCovered() && !target.closest(".facets")) shut(find(".facets")); // beside the sheet
  if (link) hold();
  if (!link?.getAttribute("href").startsWith("/?") || isModified(event)) return;
  event.preventDefault();
  stop();
  search(link.href, { keep: link.matches(".facets a, .menus a, .chips a") });
}

function shut(details) {
  if (!details) return;
  details.open = false;
  details.firstElementChild.focus();
}

function cover() {
  for (const below of document.querySelectorAll(".skip, .bar, .found, footer")) below.inert = isCovered();
}

function start() {
  pages.set(shown, document.documentElement.outerHTML);
  history.scrollRestoration = "manual";
  if (history.state?.top) scrollTo(0, history.state.top);
  form.append(list, hint);
  find(".bar").after(said);
  Object.assign(box, { role: "combobox", ariaAutoComplete: "list", ariaExpanded: false });
  box.setAttribute("aria-controls", list.id);
  box.oninput = typed;
  for (const type of ["compositionstart", "compositionend"]) box.addEventListener(type, compose);
  box.onkeydown = pressInBox;
  offerSlash();
  box.onblur = close;
  form.onsubmit = settle;
  list.onmousedown = () => false; // the cursor stays in the box
  document.onclick = click;
  document.onkeydown = press;
  document.addEventListener("toggle", cover, true);
  wide.onchange = cover;
  addEventListener("scrollend", keepPlace);
  addEventListener("popstate", ({ state }) => {
    stop();
    if (here() !== shown) search(here(), { back: state ?? {} }); // more than another fragment
  });
}

if (AbortSignal.any) {
  start();
  offerSlash(localStorage.slash); // last: it fails where the browser keeps nothing
} // else the browser is too old
