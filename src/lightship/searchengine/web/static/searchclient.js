// Search clients over Lightship's JSON: lightshipClient for InstantSearch.js 4, transformSearchClient for DocSearch's UI.
// What they are asked and what they answer: https://www.algolia.com/doc/rest-api/search/. /searchclient.mjs has the same for `import`.
"use strict";
(() => {
  const LONGEST = 15_000; // milliseconds that a request may take
  const MOST = 32; // searches in one request
  const MOST_VALUES = 1000; // of a facet
  const REACHABLE = 10_000; // results
  const LEVEL = /\.lvl(\d+)$/; // `category.lvl1` is the second level of the field `category`, which is a path
  const SEPARATOR = " > ";
  const OWN = typeof document === "object" && document.currentScript ? new URL(".", document.currentScript.src).href : "/";

  const SIGNS = { lt: "<", gt: ">", amp: "&", quot: '"' };
  const plain = (html) => html.replace(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (whole, decimal, hex, name) =>
    decimal || hex ? String.fromCodePoint(decimal ? Number(decimal) : parseInt(hex, 16)) : SIGNS[name] ?? whole);
  const escaped = (text) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
  const unmarked = (html) => html.replace(/<\/?mark>/g, "");
  const isMarked = (html) => html.includes("<mark>");
  const listOf = (value) => (Array.isArray(value) ? value : [value ?? ""]).filter((each) => each !== "");
  const fieldOf = (name) => name.replace(LEVEL, "");
  const failure = (message) => new Error(`lightship: ${message}`);

  // Filters: a document must have one of the values of each field

  function narrow(parameters, field, values) {
    if (parameters[`f.${field}`]) throw failure(`can't filter twice by ${field}; alternatives belong into one list (operator "or")`);
    parameters[`f.${field}`] = values;
  }

  function exclude(parameters, field, value) {
    parameters[`-f.${field}`] = [...listOf(parameters[`-f.${field}`]), value];
  }

  const groupsOf = (filters) => listOf(filters).map(listOf).filter((alternatives) => alternatives.length);

  function addFacetFilters(parameters, filters) {
    for (const alternatives of groupsOf(filters)) {
      const read = alternatives.map((each) => /^(?<name>[^:]+):(?<minus>-?)(?<value>.*)$/s.exec(each)?.groups);
      const field = fieldOf(read[0]?.name ?? "");
      if (!read.every((each) => each && fieldOf(each.name) === field)) throw failure(`can't filter by ${alternatives.join(" or ")}: alternatives must be values of one field`);
      const values = read.map((each) => each.value.replace(/^\\-/, "-"));
      if (!read.some((each) => each.minus)) narrow(parameters, field, values);
      else if (read.length === 1) exclude(parameters, field, values[0]);
      else throw failure(`can't filter by ${alternatives.join(" or ")}: an excluded value has no alternatives`);
    }
  }

  function neighbour(number, isAbove) {
    if (!number) return isAbove ? Number.MIN_VALUE : -Number.MIN_VALUE;
    const float = new Float64Array([number]);
    new BigInt64Array(float.buffer)[0] += isAbove === number > 0 ? 1n : -1n;
    return float[0];
  }

  // Returns [field, least, most, whether the span is excluded] for a filter like price>=10
  function spanOf(filter) {
    const [, name, sign, text, end] = /^\s*([^\s:<>=!]+)\s*(<=|>=|!=|[<>=:])\s*(\S+?)(?:\s+TO\s+(\S+))?\s*$/.exec(filter) ?? [];
    const [first, last] = [Number(text), Number(end ?? text)];
    if (!name || Number.isNaN(first + last)) throw failure(`can't filter by ${filter}: write price>=10 or price:10 TO 20`);
    const least = sign === ">" ? neighbour(first, true) : sign.startsWith("<") ? -Infinity : first;
    const most = sign === "<" ? neighbour(last, false) : sign.startsWith(">") ? Infinity : last;
    return [name, least, most, sign === "!="];
  }

  function addNumericFilters(parameters, filters, dates) {
    const spans = {};
    const shown = (field, number) => (!Number.isFinite(number) ? "" : dates.includes(field) ? new Date(number * 1000).toISOString() : String(number));
    const written = (field, [least, most]) => (least === most ? shown(field, least) : `${shown(field, least)}..${shown(field, most)}`);
    for (const alternatives of groupsOf(filters)) {
      const read = alternatives.map(spanOf);
      const [field] = read[0];
      if (!read.every(([name, , , isExcluded]) => name === field && !(isExcluded && read.length > 1))) throw failure(`can't filter by ${alternatives.join(" or ")}: alternatives must be values of one field`);
      if (read[0][3]) exclude(parameters, field, written(field, read[0].slice(1)));
      else spans[field] = (spans[field] ?? [[-Infinity, Infinity]]).flatMap(([least, most]) => read.map(([, from, to]) => [Math.max(least, from), Math.min(most, to)]));
    }
    for (const [field, all] of Object.entries(spans)) {
      const possible = all.filter(([least, most]) => least <= most);
      narrow(parameters, field, (possible.length ? possible : [[Number.MAX_VALUE, -Number.MAX_VALUE]]).map((span) => written(field, span)));
    }
  }

  // Questions

  function parametersOf(indexName, params, options) {
    if (params.filters) throw failure("can't read filters; use facetFilters, numericFilters, or `parameters` of lightshipClient");
    const facets = listOf(params.facetName ?? params.facets).filter((name) => name !== "*");
    const size = params.facetName ? 1 : Math.max(1, params.hitsPerPage ?? 20);
    const parameters = { prefix: "last", ...options.parameters, q: params.query ?? "", size, page: (params.page ?? 0) + 1 };
    const sort = options.replicas?.[indexName] ?? /:(.+)$/.exec(indexName ?? "")?.[1];
    if (sort) parameters.sort = sort;
    if (facets.length) {
      const isWhole = params.facetName || facets.some((name) => LEVEL.test(name)); // levels share the values of their field
      parameters.facets = [...new Set(facets.map(fieldOf))];
      parameters.facet_size = isWhole ? MOST_VALUES : Math.min(params.maxValuesPerFacet ?? 100, MOST_VALUES);
    }
    addFacetFilters(parameters, params.facetFilters);
    addNumericFilters(parameters, params.numericFilters, options.dates ?? []);
    const asks = params.query?.trim() || sort || facets.length || Object.keys(parameters).some((name) => /^-?f\./.test(name));
    if (!asks) parameters["f.length"] = "0.."; // all documents
    return parameters;
  }

  async function ask(searches, { url, key }) {
    const [path, init] = [`${url.replace(/\/+$/, "")}/search`, { headers: { Accept: "application/json" }, credentials: "omit", signal: AbortSignal.timeout(LONGEST) }];
    if (key) init.headers.Authorization = `Bearer ${key}`;
    let target = path;
    if (searches.length === 1) { // caches may keep it
      const pairs = Object.entries(searches[0]).flatMap(([name, value]) => (name === "facets" ? [[name, listOf(value).join()]] : listOf(value).map((each) => [name, each])));
      target = `${path}?${new URLSearchParams([["format", "json"], ...pairs])}`;
    } else {
      init.headers["Content-Type"] = "application/json";
      Object.assign(init, { method: "POST", body: JSON.stringify(searches) });
    }
    const answer = await fetch(target, init).catch((error) => {
      throw failure(`${error.message}; does ${path} answer, and is this page's origin in its -origins?`);
    });
    const told = await answer.json().catch(() => ({ error: `status ${answer.status}` }));
    const failed = answer.ok ? listOf(told).find((each) => each.error) : told;
    if (failed) throw failure(failed.error);
    return listOf(told);
  }

  async function answersTo(given, options, resultOf) {
    const requests = (Array.isArray(given) ? given : given.requests).map(({ params, ...request }) => ({ ...request, ...params, facetName: params?.facetName ?? request.facetName ?? request.facet }));
    const searches = requests.map((params) => parametersOf(params.indexName, params, options));
    const chunks = [];
    for (let at = 0; at < searches.length; at += MOST) chunks.push(ask(searches.slice(at, at + MOST), options));
    const answers = (await Promise.all(chunks)).flat();
    return requests.map((params, at) => (params.facetName ? valuesFound(answers[at], params) : resultOf(answers[at], params)));
  }

  // Answers

  // Tags that are markup get HTML; others, like those of InstantSearch, get plain text, which is escaped with them
  function highlighter({ highlightPreTag: before = "<em>", highlightPostTag: after = "</em>" }) {
    const isMarkup = before.startsWith("<");
    return (html) => {
      const value = html.replaceAll("<mark>", before).replaceAll("</mark>", after);
      const matchedWords = [...html.matchAll(/<mark>(.*?)<\/mark>/gs)].map((found) => plain(found[1]));
      return { value: isMarkup ? value : plain(value), matchLevel: matchedWords.length ? "full" : "none", matchedWords };
    };
  }

  const linkOf = (url, { url: server }) => (/^https?:/i.test(url) ? url : `${server.replace(/\/+$/, "")}/cached?${new URLSearchParams({ url })}`);

  function hitOf(hit, highlight, options) {
    const { fields, title_html: titleHtml, snippet, url, ...rest } = hit;
    const title = titleHtml || escaped(hit.title || url);
    const shown = (value) => (Array.isArray(value) ? value.map(shown) : highlight(escaped(String(value))));
    const highlighted = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, shown(value)]));
    const text = highlight(snippet);
    return { ...fields, ...rest, objectID: url, url: linkOf(url, options), title: plain(unmarked(title)), text: plain(unmarked(snippet)),
      _highlightResult: { ...highlighted, title: highlight(title), text }, _snippetResult: { text } };
  }

  function addFacet(result, name, found, most) {
    if (Array.isArray(found)) {
      const level = LEVEL.exec(name)?.[1];
      const values = level === undefined ? found : found.filter(({ value }) => value.split(SEPARATOR).length === Number(level) + 1);
      result.facets[name] = Object.fromEntries(values.slice(0, most).map(({ value, count }) => [value, count]));
    } else if (found) {
      result.facets[name] = Object.fromEntries(found.ranges.map(({ filter, count }) => [filter, count]));
      const [min, max] = [found.min, found.max].map((value) => (typeof value === "string" ? Date.parse(value) / 1000 : value));
      if (min !== null) result.facets_stats[name] = { min, max };
    }
  }

  function resultOf(answer, params, hits) {
    const { indexName, facetName, query = "", page = 0, hitsPerPage = 20, ...others } = params;
    const result = { hits, index: indexName, query, page, hitsPerPage, nbHits: answer.total, exhaustiveNbHits: true, facets: {}, facets_stats: {},
      nbPages: hitsPerPage && Math.ceil(Math.min(answer.total, REACHABLE) / hitsPerPage), processingTimeMS: Math.ceil(answer.took_ms),
      params: new URLSearchParams({ query, page, hitsPerPage, ...others }).toString(), corrected: answer.corrected, notice: answer.notice };
    for (const name of listOf(params.facets)) addFacet(result, name, answer.facets?.[fieldOf(name)], params.maxValuesPerFacet);
    return result;
  }

  const folded = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

  function valuesFound(answer, { facetName, facetQuery = "", maxFacetHits = 10, ...params }) {
    const [highlight, result] = [highlighter(params), { facets: {}, facets_stats: {} }];
    addFacet(result, facetName, answer.facets?.[fieldOf(facetName)]);
    const values = Object.entries(result.facets[facetName] ?? {});
    const wanted = folded(facetQuery.trim());
    const facetHits = values.filter(([value]) => folded(value).includes(wanted)).slice(0, maxFacetHits).map(([value, count]) => {
      const at = folded(value).length === value.length && wanted ? folded(value).indexOf(wanted) : -1;
      const parts = at < 0 ? [value, "", ""] : [value.slice(0, at), value.slice(at, at + wanted.length), value.slice(at + wanted.length)];
      const [before, found, after] = parts.map(escaped);
      return { value, count, highlighted: highlight(found ? `${before}<mark>${found}</mark>${after}` : before).value };
    });
    return { facetHits, exhaustiveFacetsCount: values.length < MOST_VALUES, processingTimeMS: Math.ceil(answer.took_ms) };
  }

  /** Returns a search client. Options: url of the searchengine, key, parameters of each search, replicas (sort by index), dates (fields). */
  function lightshipClient(given = {}) {
    const options = { ...given, url: given.url ?? OWN };
    const found = (answer, params) => resultOf(answer, params, params.hitsPerPage === 0 ? [] : answer.hits.map((hit) => hitOf(hit, highlighter(params), options)));
    return {
      search: async (requests) => ({ results: await answersTo(requests, options, found) }),
      searchForFacetValues: (requests) => answersTo(requests, options, found),
    };
  }

  // DocSearch: a page is a group of its sections; everything that it shows is HTML

  function sectionsOf(hit, highlight, options) {
    const title = hit.title_html || escaped(hit.title || hit.url);
    const sections = hit.sections.length ? hit.sections : [{ heading: "", path: [], url: hit.url }];
    return sections.filter((each, at) => !at || each.heading).map((section, at) => {
      const above = section.path.filter((heading) => heading !== hit.title).map(escaped);
      const isOwn = section.heading && section.heading === hit.title; // the heading at the top of the page
      const heading = isOwn ? title : section.heading_html;
      const levels = [title, ...above, ...(section.heading && !isOwn ? [heading] : [])].slice(0, 7);
      const isText = !at && !(heading && isMarked(heading)) && (isMarked(hit.snippet) || !isMarked(title));
      if (!isText && levels.length === 1) levels.push(title);
      const named = (read) => Object.fromEntries(levels.map((level, number) => [`lvl${number}`, read(level)]));
      const shown = { hierarchy: named(highlight), ...(isText ? { content: highlight(hit.snippet) } : {}) };
      return { objectID: `${hit.url} ${at}`, url: linkOf(section.url, options), type: isText ? "content" : `lvl${levels.length - 1}`, content: isText ? unmarked(hit.snippet) : null,
        hierarchy: { ...Object.fromEntries([0, 1, 2, 3, 4, 5, 6].map((level) => [`lvl${level}`, null])), ...named(unmarked) }, _snippetResult: shown, _highlightResult: shown };
    });
  }

  /** Returns what DocSearch takes as `transformSearchClient`; the options are those of lightshipClient. */
  function transformSearchClient(given = {}) {
    const options = { ...given, url: given.url ?? OWN };
    const found = (answer, params) => resultOf(answer, params, answer.hits.flatMap((hit) => sectionsOf(hit, highlighter(params), options)));
    return (client) => ({ ...client, search: async (requests) => ({ results: await answersTo(requests, options, found) }) });
  }

  const all = { lightshipClient, transformSearchClient };
  if (typeof module === "object" && module.exports) module.exports = all;
  else Object.assign(globalThis, all);
})();
