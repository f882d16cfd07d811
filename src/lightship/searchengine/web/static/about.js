// Copies the lines of the page about this search. It selects them, which also works where a page may not use the clipboard.
document.addEventListener("click", ({ target }) => {
  const button = target.closest?.(".copy");
  if (!button) return;
  getSelection().selectAllChildren(button.parentElement.firstElementChild);
  const isDone = document.execCommand("copy"); // not navigator.clipboard: that needs TLS
  button.textContent = isDone ? "Copied" : "Press Ctrl+C";
  button.onblur = () => (button.textContent = "Copy");
});
