// What the pages do by themselves. All of it works without, but for the editor's looks.
(() => {
  "use strict";

  const nonce = () => document.querySelector("meta[name=style-nonce]")?.content;

  // One editor for each file, and a list of names to choose the one that is shown.
  function edit(root) {
    const list = document.createElement("div");
    list.className = "files";
    list.setAttribute("role", "tablist");
    list.setAttribute("aria-label", "Files");
    root.prepend(list);
    root.classList.add("editing");
    const add = root.querySelector("[data-add-file]");
    const remove = root.querySelector("[data-remove-file]");
    const files = [];

    const show = (chosen) => {
      for (const file of files) {
        const here = file === chosen;
        file.set.hidden = !here;
        file.tab.setAttribute("aria-selected", String(here));
        file.tab.tabIndex = here ? 0 : -1;
      }
      remove.hidden = files.length < 2;
      remove.onclick = () => {
        if (!window.confirm("Remove " + (chosen.path.value || "this file") + "?")) return;
        files.splice(files.indexOf(chosen), 1);
        chosen.set.remove();
        chosen.tab.remove();
        list.dispatchEvent(new Event("input", { bubbles: true }));
        show(files[0]);
        files[0].tab.focus();
      };
    };

    const take = (set) => {
      const path = set.querySelector("[name=path]");
      const text = set.querySelector("textarea");
      const tab = document.createElement("button");
      const file = { set, path, text, tab };
      tab.type = "button";
      tab.setAttribute("role", "tab");
      tab.onclick = () => show(file);
      tab.onkeydown = (event) => {
        const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
        if (!step) return;
        const next = files[(files.indexOf(file) + step + files.length) % files.length];
        show(next);
        next.tab.focus();
      };
      const name = () => { tab.textContent = path.value || "new file"; };
      path.addEventListener("input", name);
      name();
      list.append(tab);
      files.push(file);
      window.actiondEditor?.mount(text, { nonce: nonce(), label: "Contents of " + (path.value || "the file"), name: () => path.value });
      return file;
    };

    root.querySelectorAll(":scope > .file").forEach(take);
    if (files.length > 0) show(files[0]);
    add.hidden = false;
    add.onclick = () => {
      const set = root.querySelector("template[data-file]").content.firstElementChild.cloneNode(true);
      root.insertBefore(set, root.querySelector("template[data-file]"));
      const file = take(set);
      show(file);
      file.path.focus();
    };
  }

  function rows(root) {
    const add = root.querySelector("[data-add-row]");
    add.hidden = false;
    add.onclick = () => {
      const row = root.querySelector("template").content.firstElementChild.cloneNode(true);
      root.insertBefore(row, root.querySelector("template"));
      row.querySelector("input").focus();
    };
  }

  // The schedule is shown of an action that has one.
  function kinds(select) {
    const show = () => document.querySelectorAll("[data-kind]").forEach((part) => {
      part.hidden = part.dataset.kind !== select.value;
    });
    select.addEventListener("change", show);
    show();
  }

  function unsaved(form) {
    let changed = false;
    form.addEventListener("input", (event) => { changed ||= !event.target.closest("#trial"); });
    form.addEventListener("submit", () => { changed = false; });
    form.addEventListener("htmx:beforeRequest", (event) => { if (event.target === form) changed = false; });
    for (const failed of ["htmx:responseError", "htmx:sendError"]) {
      form.addEventListener(failed, (event) => { if (event.target === form) changed = true; });
    }
    window.addEventListener("beforeunload", (event) => { if (changed) event.preventDefault(); });
  }

  document.addEventListener("click", async (event) => {
    const copy = event.target.closest("[data-copy]");
    if (copy) {
      const code = copy.closest(".paste").querySelector("code");
      // Browsers give the clipboard to secure pages alone: on others the text is selected, to be copied by hand.
      if (navigator.clipboard) {
        await navigator.clipboard.writeText(code.textContent);
        copy.textContent = "Copied";
      } else {
        window.getSelection().selectAllChildren(code);
      }
    }
    // A click beside an open menu closes it.
    document.querySelectorAll("details.menu[open]").forEach((menu) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    document.querySelectorAll("details.menu[open]").forEach((menu) => {
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  });

  // A file that is chosen fills a field; it is not sent itself.
  document.addEventListener("change", async (event) => {
    const field = event.target.dataset?.fill;
    const file = event.target.files?.[0];
    if (field && file) document.getElementById(field).value = await file.text();
  });

  function say(text) {
    const said = document.createElement("div");
    said.className = "flash bad";
    said.setAttribute("role", "alert");
    said.textContent = text;
    document.getElementById("flash")?.replaceChildren(said);
  }

  document.addEventListener("htmx:sendError", () => say("The server does not answer. Try again."));

  // What is refused before a page is asked is no part of one.
  const isForeign = (xhr) => xhr.status >= 400 && !xhr.getResponseHeader("HX-Retarget");
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (isForeign(event.detail.xhr)) event.detail.shouldSwap = false;
  });
  document.addEventListener("htmx:responseError", (event) => {
    const { xhr } = event.detail;
    if (!isForeign(xhr)) return;
    let message;
    try { message = JSON.parse(xhr.responseText).message; } catch { /* It is no JSON. */ }
    say(message || "The server answered " + xhr.status + ". Try again.");
  });

  // What worked makes what is said of an earlier attempt untrue.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.requestConfig?.verb === "post") document.getElementById("flash")?.replaceChildren();
  });

  // What only scripts can do is shown where there are any.
  const reveal = () => document.querySelectorAll("[data-scripted]").forEach((part) => { part.hidden = false; });
  document.addEventListener("htmx:load", reveal);
  reveal();

  document.querySelectorAll("[data-editor]").forEach(edit);
  document.querySelectorAll("[data-rows]").forEach(rows);
  document.querySelectorAll("select#kind").forEach(kinds);
  document.querySelectorAll("form[data-unsaved]").forEach(unsaved);
})();
