// Buttons that ask first: data-opens names a dialog, data-action in it is what is then posted to.
import { refresh } from "./swap.js";

document.addEventListener("click", async (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.opens);
    dialog.querySelector(".error").hidden = true;
    dialog.showModal();
    return;
  }
  const button = event.target.closest("dialog [data-action]");
  if (button) await post(button);
});

async function post(button) {
  const dialog = button.closest("dialog");
  const note = dialog.querySelector(".error");
  button.disabled = true;
  try {
    const answer = await fetch(button.dataset.action, { method: "POST" });
    if (answer.ok) {
      dialog.close();
      await refresh();
      window.dispatchEvent(new Event("studymoved"));
    } else {
      note.textContent = (await answer.json()).detail;
      note.hidden = false;
    }
  } catch {
    note.textContent = "The service does not answer; try again.";
    note.hidden = false;
  } finally {
    button.disabled = false;
  }
}
