// Makes elements. Text is always set as text, so nothing that a device sends can become markup.

export const byId = (id) => document.getElementById(id);

/** element('p', { class: 'quiet' }, 'text', otherElement) */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value != null && value !== false) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

/** Sets a text only when it is another one: what does not change is not announced again. */
export function setText(id, text) {
  const target = byId(id);
  if (target.textContent !== text) target.textContent = text;
}
