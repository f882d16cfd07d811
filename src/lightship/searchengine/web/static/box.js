// <lightship-search>: a search box for any page, from a Lightship on any origin. https://html.spec.whatwg.org/#custom-elements
// It needs no other file, and neither inline scripts nor inline styles, nor innerHTML: a strict CSP and Trusted Types allow it.
"use strict";
(() => {
  const PACE = 60; // milliseconds between requests while typing
  const QUIET = 700; // before a screen reader is told
  const LONGEST = 15_000; // that a request may take
  const SECTIONS = 3; // of a page
  const OWN = document.currentScript ? new URL(".", document.currentScript.src).href : "/";

  // Search, type to search, close, results (0, N), corrected, notice of an error, all results, keys: choose, open, close
  const WORDS = {
    en: ["Search", "Type to search", "Close", "No results for", "results", "Showing results for", "Search is not available right now.", "All results", "choose", "open", "close"],
    ar: ["بحث", "اكتب للبحث", "إغلاق", "لا توجد نتائج عن", "نتائج", "عرض نتائج", "البحث غير متاح الآن.", "كل النتائج", "اختيار", "فتح", "إغلاق"],
    de: ["Suche", "Suchbegriff eingeben", "Schließen", "Keine Ergebnisse für", "Ergebnisse", "Ergebnisse für", "Die Suche ist gerade nicht erreichbar.", "Alle Ergebnisse", "wählen", "öffnen", "schließen"],
    es: ["Buscar", "Escribe para buscar", "Cerrar", "No hay resultados para", "resultados", "Mostrando resultados de", "La búsqueda no está disponible ahora.", "Todos los resultados", "elegir", "abrir", "cerrar"],
    fr: ["Rechercher", "Tapez pour rechercher", "Fermer", "Aucun résultat pour", "résultats", "Résultats pour", "La recherche est indisponible pour le moment.", "Tous les résultats", "choisir", "ouvrir", "fermer"],
    it: ["Cerca", "Scrivi per cercare", "Chiudi", "Nessun risultato per", "risultati", "Risultati per", "La ricerca non è disponibile al momento.", "Tutti i risultati", "scegli", "apri", "chiudi"],
    ja: ["検索", "キーワードを入力", "閉じる", "次の検索結果はありません：", "件", "次の検索結果を表示：", "現在、検索を利用できません。", "すべての結果", "選択", "開く", "閉じる"],
    nl: ["Zoeken", "Typ om te zoeken", "Sluiten", "Geen resultaten voor", "resultaten", "Resultaten voor", "Zoeken is nu niet beschikbaar.", "Alle resultaten", "kiezen", "openen", "sluiten"],
    pl: ["Szukaj", "Wpisz, czego szukasz", "Zamknij", "Brak wyników dla", "wyników", "Wyniki dla", "Wyszukiwanie jest teraz niedostępne.", "Wszystkie wyniki", "wybierz", "otwórz", "zamknij"],
    pt: ["Pesquisar", "Digite para pesquisar", "Fechar", "Nenhum resultado para", "resultados", "Mostrando resultados para", "A pesquisa não está disponível agora.", "Todos os resultados", "escolher", "abrir", "fechar"],
    ru: ["Поиск", "Введите запрос", "Закрыть", "Ничего не найдено по запросу", "результатов", "Результаты по запросу", "Поиск сейчас недоступен.", "Все результаты", "выбрать", "открыть", "закрыть"],
    zh: ["搜索", "输入关键词", "关闭", "没有找到结果：", "条结果", "显示以下搜索的结果：", "搜索暂时不可用。", "全部结果", "选择", "打开", "关闭"],
  };
  const RIGHT_TO_LEFT = /^(ar|dv|fa|he|ps|ur|yi)\b/;

  const STYLE = `
    :host { --ink: var(--lightship-ink, #1f262d); --quiet: var(--lightship-quiet, #57616c); --page: var(--lightship-page, #fff);
      --line: var(--lightship-line, #d5d9de); --chosen: var(--lightship-chosen, #eef3f9); --accent: var(--lightship-accent, #174f8f);
      --mark: var(--lightship-mark, #ffe7a3); --radius: var(--lightship-radius, 8px); --width: var(--lightship-width, 40rem);
      display: inline-block; color-scheme: light; font: var(--lightship-font, 1rem/1.45 system-ui, sans-serif); color: var(--ink); text-align: start; }
    :host([hidden]) { display: none; }
    :host([inline]) { display: block; max-width: var(--width); }
    :host([theme=dark]) { --ink: var(--lightship-ink, #e3e7eb); --quiet: var(--lightship-quiet, #a3aeb9); --page: var(--lightship-page, #1b2128);
      --line: var(--lightship-line, #3a434d); --chosen: var(--lightship-chosen, #2b3642); --accent: var(--lightship-accent, #8fbdf3);
      --mark: var(--lightship-mark, #57471a); color-scheme: dark; }
    @media (prefers-color-scheme: dark) { :host(:not([theme=light])) { --ink: var(--lightship-ink, #e3e7eb); --quiet: var(--lightship-quiet, #a3aeb9);
      --page: var(--lightship-page, #1b2128); --line: var(--lightship-line, #3a434d); --chosen: var(--lightship-chosen, #2b3642);
      --accent: var(--lightship-accent, #8fbdf3); --mark: var(--lightship-mark, #57471a); color-scheme: dark; } }
    * { box-sizing: border-box; }
    button, input { font: inherit; color: inherit; }
    .open { display: inline-flex; gap: .6em; align-items: center; padding: .4em .75em; border: 1px solid var(--line); border-radius: var(--radius);
      background: var(--page); color: var(--quiet); cursor: pointer; }
    .open:hover { border-color: var(--quiet); }
    :focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
    svg { inline-size: 1em; block-size: 1em; flex: none; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; }
    kbd { font: inherit; font-size: .75em; padding: .05em .4em; border: 1px solid var(--line); border-radius: 4px; white-space: nowrap; }
    dialog { inline-size: min(var(--width), 100vw - 2rem); max-block-size: min(42rem, 100dvh - 4rem); margin: 10dvh auto auto; padding: 0; overflow: hidden;
      border: 1px solid var(--line); border-radius: calc(var(--radius) * 1.5); background: var(--page); color: var(--ink); box-shadow: 0 12px 48px rgb(0 0 0 / 30%); }
    dialog[open] { display: flex; flex-direction: column; }
    dialog::backdrop { background: rgb(0 0 0 / 40%); }
    .bar { display: flex; gap: .6em; align-items: center; padding: .7em 1em; border-block-end: 1px solid var(--line); color: var(--quiet); }
    :host([inline]) .bar { border: 1px solid var(--line); border-radius: var(--radius); background: var(--page); padding-block: .4em; }
    input, input:focus-visible { flex: 1; min-inline-size: 0; border: 0; padding: .2em 0; background: none; color: var(--ink); outline: none; }
    input::placeholder { color: var(--quiet); opacity: 1; }
    input::-webkit-search-cancel-button { display: none; }
    .bar:focus-within { box-shadow: inset 0 -2px var(--accent); }
    .close { border: 0; background: none; color: var(--quiet); cursor: pointer; font-size: .85em; border-radius: 4px; }
    .panel { overflow: auto; overscroll-behavior: contain; }
    :host([inline]) .panel { border: 1px solid var(--line); border-block-start: 0; border-radius: 0 0 var(--radius) var(--radius); background: var(--page);
      max-block-size: min(32rem, 70dvh); }
    .panel:not(.full) { display: none; }
    .list { padding: .4em; }
    .list:empty { display: none; }
    .hit { display: block; padding: .5em .7em; border-radius: var(--radius); color: inherit; text-decoration: none; overflow-wrap: anywhere; scroll-margin: .4em; }
    .hit[aria-selected=true] { background: var(--chosen); box-shadow: inset 3px 0 var(--accent); }
    :host(:dir(rtl)) .hit[aria-selected=true], [dir=rtl] .hit[aria-selected=true] { box-shadow: inset -3px 0 var(--accent); }
    .section { margin-inline-start: 1.2em; padding-block: .3em; border-inline-start: 1px solid var(--line); border-start-start-radius: 0; border-end-start-radius: 0; }
    .title { display: block; color: var(--accent); font-weight: 600; }
    .section .title { font-weight: 500; }
    .where, .text { display: -webkit-box; -webkit-box-orient: vertical; overflow: hidden; font-size: .85em; color: var(--quiet); }
    .where { -webkit-line-clamp: 1; }
    .text { -webkit-line-clamp: 2; }
    mark { background: var(--mark); color: var(--ink); border-radius: 2px; }
    .note { margin: 0; padding: .6em 1.1em; color: var(--quiet); font-size: .9em; overflow-wrap: anywhere; }
    .foot { display: flex; flex-wrap: wrap; gap: .3em 1.2em; padding: .5em 1.1em; border-block-start: 1px solid var(--line); font-size: .8em; color: var(--quiet); }
    .foot a { color: var(--accent); margin-inline-end: auto; }
    .unseen { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
    @media (max-width: 40rem) { dialog { margin: 0; inline-size: 100vw; max-inline-size: none; block-size: 100dvh; max-block-size: none; border: 0; border-radius: 0; }
      .keys { display: none; } }
  `;

  const make = (tag, properties, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };
  const drawing = (path) => {
    const [svg, line] = ["svg", "path"].map((name) => document.createElementNS("http://www.w3.org/2000/svg", name));
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    line.setAttribute("d", path);
    svg.append(line);
    return svg;
  };
  const lens = () => drawing("M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M15.5 15.5 21 21");

  const SIGNS = { lt: "<", gt: ">", amp: "&", quot: '"' };
  const plain = (html) => html.replace(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (whole, decimal, hex, name) =>
    decimal || hex ? String.fromCodePoint(decimal ? Number(decimal) : parseInt(hex, 16)) : SIGNS[name] ?? whole);
  // The only markup of a snippet is <mark>
  const marked = (html) => html.split(/(<mark>.*?<\/mark>)/s).map((part) =>
    part.startsWith("<mark>") ? make("mark", { textContent: plain(part.slice(6, -7)) }) : plain(part));

  const isLink = (url) => /^https?:/i.test(url);
  const isTyping = (event) => event.composedPath()[0].closest?.("input, textarea, select, [contenteditable]:not([contenteditable=false])");

  class Search extends HTMLElement {
    static observedAttributes = ["placeholder"];
    #root = this.attachShadow({ mode: "open" });
    #asking = new AbortController(); // of the newest query: older ones are aborted, and never shown
    #asked = 0;
    #shown = null; // the query whose results are shown
    #isChosen = false; // by keys: a late answer keeps the choice
    #soon;
    #telling;
    #keys = (event) => this.#press(event);
    #outside = (event) => event.composedPath().includes(this) || this.#empty();

    connectedCallback() {
      if (!this.#root.adoptedStyleSheets.length) this.#build();
      document.addEventListener("keydown", this.#keys);
      if (this.hasAttribute("inline")) document.addEventListener("pointerdown", this.#outside);
    }

    disconnectedCallback() {
      document.removeEventListener("keydown", this.#keys);
      document.removeEventListener("pointerdown", this.#outside);
    }

    attributeChangedCallback() {
      if (this.box) this.box.placeholder = this.getAttribute("placeholder") ?? this.words[1];
    }

    get server() {
      return new URL(`${this.getAttribute("server") ?? OWN}/`.replace(/\/+$/, "/"), location.href).href;
    }

    #address(path, query, more = {}) {
      const url = new URL(path, this.server);
      const own = new URLSearchParams(this.getAttribute("parameters") ?? "");
      for (const [name, value] of [...own, ...Object.entries({ q: query, ...more })]) url.searchParams.append(name, value);
      return url.href;
    }

    open() {
      if (this.dialog && !this.dialog.open) this.dialog.showModal();
      this.box.focus();
      this.box.select();
    }

    close() {
      if (!this.dialog) return this.#empty();
      this.dialog.close();
      this.box.blur(); // until the next frame it would have the keys that open it again
    }

    // What is shown

    #build() {
      const language = this.closest("[lang]")?.lang || navigator.language || "en";
      this.words = WORDS[language.split("-")[0].toLowerCase()] ?? WORDS.en;
      const isInline = this.hasAttribute("inline");
      const [label, hint, close, , , , , , choose, go, shut] = this.words;
      this.list = make("div", { className: "list", id: "list", role: "listbox", ariaLabel: label });
      this.note = make("p", { className: "note", hidden: true });
      this.said = make("p", { className: "unseen", role: "status" });
      this.all = make("a", { hidden: true });
      this.box = make("input", { type: "search", role: "combobox", ariaExpanded: "false", ariaLabel: label, autocomplete: "off",
        autocapitalize: "off", spellcheck: false, enterKeyHint: "search", maxLength: 1000, placeholder: this.getAttribute("placeholder") ?? hint });
      this.box.setAttribute("aria-controls", "list");
      this.box.setAttribute("aria-autocomplete", "list");
      this.box.oninput = () => this.#ask();
      this.box.onkeydown = (event) => this.#move(event);
      const keys = make("span", { className: "keys", ariaHidden: "true" }, make("kbd", { textContent: "↑↓" }), ` ${choose}  `,
        make("kbd", { textContent: "↵" }), ` ${go}  `, make("kbd", { textContent: "Esc" }), ` ${shut}`);
      this.panel = make("div", { className: "panel" }, this.note, this.list);
      const bar = make("div", { className: "bar" }, lens(), this.box);
      const foot = make("div", { className: "foot" }, this.all, keys);
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      this.#root.adoptedStyleSheets = [sheet];
      const dir = RIGHT_TO_LEFT.test(language) ? "rtl" : "ltr";
      if (isInline) {
        this.#root.append(make("div", { role: "search", dir }, bar, this.panel, this.said));
        this.panel.append(foot);
        this.box.onfocus = () => this.box.value.trim() && this.#ask();
        return;
      }
      bar.append(make("button", { className: "close", type: "button", textContent: close, onclick: () => this.close() }));
      this.dialog = make("dialog", { ariaLabel: label, dir }, bar, this.panel, foot, this.said);
      this.dialog.onclick = (event) => void (event.target === this.dialog && this.close()); // false would cancel the click
      const shortcut = make("kbd", { textContent: /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘K" : "Ctrl K", ariaHidden: "true" });
      const button = make("button", { className: "open", type: "button", dir, onclick: () => this.open() }, lens(), label);
      button.setAttribute("part", "button");
      button.setAttribute("aria-haspopup", "dialog");
      if (this.getAttribute("shortcut") !== "none") button.append(shortcut);
      this.#root.append(button, this.dialog);
    }

    #empty() {
      this.#asking.abort();
      this.#shown = null;
      this.list.replaceChildren();
      this.note.hidden = this.all.hidden = true;
      this.#expand();
    }

    #expand() {
      const isFull = this.list.childElementCount > 0;
      this.panel.classList.toggle("full", isFull || !this.note.hidden);
      this.box.ariaExpanded = String(isFull);
      if (!isFull) this.box.removeAttribute("aria-activedescendant");
    }

    #tell(text) {
      clearTimeout(this.#telling);
      this.#telling = setTimeout(() => (this.said.textContent = text), QUIET);
    }

    #show(query, answer) {
      const [, , , none, results, instead, , all] = this.words;
      const options = answer.hits.flatMap((hit) => this.#options(hit));
      options.forEach((option, number) => (option.id = `option-${number}`));
      const before = this.#isChosen && this.#chosen?.href;
      this.list.replaceChildren(...options);
      const said = answer.total ? (answer.corrected ? `${instead} ${answer.corrected.to}` : answer.notice) : `${none} “${query}”`;
      this.note.textContent = said ?? "";
      this.note.hidden = !said;
      this.all.textContent = `${all} (${answer.total.toLocaleString()})`;
      this.all.href = this.#address("", query);
      this.all.hidden = !answer.total || this.hasAttribute("key"); // the key of this page is not for the search page
      this.#shown = query;
      this.panel.scrollTop = 0;
      this.#expand();
      this.#choose(options.find((option) => option.href === before) ?? options[0], this.#isChosen);
      this.#tell(answer.total ? `${answer.total.toLocaleString()} ${results}` : said);
    }

    #options(hit) {
      const where = hit.url.replace(/^https?:\/\/|[?#].*$|\/$/gi, "").split("/").join(" › ");
      const title = hit.title ? marked(hit.title_html) : [where];
      const [first, ...others] = hit.sections;
      const sections = (first && first.heading ? [first, ...others] : others).filter((each) => each.heading).slice(0, SECTIONS);
      const isAbove = !sections.length || sections[0] !== first;
      const link = isLink(hit.url) ? hit.url : this.#address("cached", this.box.value.trim(), { url: hit.url });
      return [
        this.#option("hit", link, hit, title, where, isAbove ? hit.snippet : ""),
        ...sections.map((each) => this.#option("hit section", isLink(each.url) ? each.url : link, hit, marked(each.heading_html), "", each === first ? hit.snippet : "")),
      ];
    }

    #option(className, href, hit, title, where, snippet) {
      const option = make("a", { className, href, role: "option", tabIndex: -1, ariaSelected: "false" },
        make("span", { className: "title", dir: "auto" }, ...title));
      if (where) option.append(make("span", { className: "where", dir: "ltr", textContent: this.#readable(where) }));
      if (snippet) option.append(make("span", { className: "text", dir: "auto" }, ...marked(snippet)));
      option.onpointermove = () => this.#choose(option);
      option.onclick = (event) => this.#select(event, hit, href);
      return option;
    }

    #readable(where) {
      try {
        return decodeURI(where);
      } catch {
        return where;
      }
    }

    get #chosen() {
      return this.#root.querySelector("[aria-selected=true]");
    }

    #choose(option, isShown) {
      if (this.#chosen) this.#chosen.ariaSelected = "false";
      if (!option) return;
      option.ariaSelected = "true";
      this.box.setAttribute("aria-activedescendant", option.id);
      if (isShown) option.scrollIntoView({ block: "nearest" });
    }

    // A page with a router of its own cancels the event, and goes there itself
    #select(event, hit, url) {
      const chosen = new CustomEvent("lightship-select", { bubbles: true, composed: true, cancelable: true, detail: { url, hit } });
      if (!this.dispatchEvent(chosen)) event.preventDefault();
      if (!event.ctrlKey && !event.metaKey && !event.shiftKey) setTimeout(() => this.close()); // a link in a closed dialog leads nowhere
    }

    // Keys

    #press(event) {
      if (event.defaultPrevented || event.isComposing || this.getAttribute("shortcut") === "none") return;
      const isCommand = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
      const isSlash = event.key === "/" && !isCommand && !event.altKey && !isTyping(event);
      if (!isSlash && !(isCommand && event.key.toLowerCase() === "k")) return;
      event.preventDefault();
      if (this.dialog?.open && !isSlash) this.close();
      else this.open();
    }

    #move(event) {
      if (event.isComposing || event.altKey) return;
      const options = [...this.list.children];
      const at = options.findIndex((option) => option.ariaSelected === "true");
      const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: Math.min(at + 5, options.length - 1), PageUp: Math.max(at - 5, 0) }[event.key];
      if (to !== undefined && options.length) {
        this.#isChosen = true;
        this.#choose(options[(to + options.length) % options.length], true);
      } else if (event.key === "Enter" && options[at]) {
        if (event.ctrlKey || event.metaKey) open(options[at].href, "_blank", "noopener");
        else options[at].click();
      } else if (event.key === "Escape") {
        if (!this.dialog) this.box.value = "";
        this.close(); // by itself a browser would only clear the box
      } else if (event.key !== "Enter") return;
      event.preventDefault();
    }

    // Requests

    #ask() {
      this.#isChosen = false;
      clearTimeout(this.#soon);
      const query = this.box.value.trim();
      this.#asking.abort();
      if (!query) return this.#empty();
      if (query === this.#shown) return;
      const wait = Math.max(0, this.#asked + PACE - performance.now());
      this.#soon = setTimeout(() => this.#search(query), wait);
    }

    async #search(query) {
      this.#asked = performance.now();
      const asking = (this.#asking = new AbortController());
      try {
        const headers = { Accept: "application/json" };
        if (this.hasAttribute("key")) headers.Authorization = `Bearer ${this.getAttribute("key")}`;
        const size = this.getAttribute("size") ?? "6";
        const url = this.#address("search", query, { format: "json", prefix: "last", size });
        const signal = AbortSignal.any([asking.signal, AbortSignal.timeout(LONGEST)]);
        const answer = await fetch(url, { headers, signal, credentials: "omit" });
        if (!answer.ok) throw new Error(`status ${answer.status}`);
        const found = await answer.json();
        if (!asking.signal.aborted) this.#show(query, found);
      } catch (error) {
        if (asking.signal.aborted) return;
        console.warn(`lightship-search: ${error.message}; is ${location.origin} among the -origins of ${this.server}?`);
        this.#empty();
        this.note.textContent = this.words[6];
        this.note.hidden = false;
        this.#expand();
        this.#tell(this.words[6]);
      }
    }
  }

  if (!customElements.get("lightship-search")) customElements.define("lightship-search", Search);
})();
