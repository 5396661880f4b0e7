// SPDX-License-Identifier: Apache-2.0
// xterm.js writes <style> elements and style attributes, which a content security policy without 'unsafe-inline' refuses.
// The same through the CSS object model is allowed. So, for this page: setAttribute('style') goes to style.cssText, and a
// created <style> element is a quiet stand-in whose text becomes a constructed style sheet.

function standIn(): HTMLElement {
  const element = document.createElement('template') as HTMLElement;
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  Object.defineProperty(element, 'textContent', {
    set: (text: string) => sheet.replaceSync(text),
    get: () => Array.from(sheet.cssRules, (rule) => rule.cssText).join('\n'),
  });
  const remove = element.remove.bind(element);
  element.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet);
    remove();
  };
  return element;
}

let done = false;

export function allowStrictStyles(): void {
  if (done) return;
  done = true;

  const setAttribute = Element.prototype.setAttribute;
  Element.prototype.setAttribute = function (this: Element, name: string, value: string) {
    if (name === 'style' && this instanceof HTMLElement) this.style.cssText = value;
    else setAttribute.call(this, name, value);
  };

  const createElement = Document.prototype.createElement;
  Document.prototype.createElement = function (this: Document, tag: string, options?: ElementCreationOptions) {
    return tag === 'style' ? standIn() : createElement.call(this, tag, options);
  } as typeof Document.prototype.createElement;
}
