const make = (tag, props = {}, ...children) => { const node = Object.assign(document.createElement(tag), props); node.append(...children); return node; };
const example = (schema, all, depth = 0) => {
  if (!schema || depth > 6) return null;
  if (schema.$ref) return example(all[schema.$ref.split('/').pop()], all, depth + 1);
  if (schema.example !== undefined) return schema.example;
  const one = (schema.oneOf || schema.anyOf || schema.allOf || []).find(option => option.type !== 'null');
  if (one) return example(one, all, depth + 1);
  const type = Array.isArray(schema.type) ? schema.type.find(name => name !== 'null') : schema.type;
  if (schema.enum) return schema.enum[0];
  if (type === 'object') return Object.fromEntries(Object.entries(schema.properties || {}).map(([name, inner]) => [name, example(inner, all, depth + 1)]));
  if (type === 'array') return [example(schema.items, all, depth + 1)];
  return { integer: 1, number: 1, boolean: false }[type] ?? '';
};
fetch('/api/openapi.json').then(answer => answer.json()).then(api => {
  const schemas = api.components?.schemas || {}, groups = new Map();
  document.getElementById('about').textContent = api.info.description;
  for (const [path, methods] of Object.entries(api.paths)) for (const [method, call] of Object.entries(methods)) {
    const tag = call.tags?.[0] || 'other';
    if (!groups.has(tag)) groups.set(tag, []);
    groups.get(tag).push({ path, method, call });
  }
  const main = document.getElementById('calls'); main.replaceChildren();
  for (const [tag, calls] of groups) {
    main.append(make('h2', { textContent: tag }));
    for (const { path, method, call } of calls) {
      const inputs = (call.parameters || []).map(given => {
        const field = make('input', { id: `${method}${path}${given.name}`, placeholder: given.description || '' });
        return { given, field, label: make('label', { htmlFor: field.id, textContent: `${given.name} (${given.in}${given.required ? ', required' : ''})` }) };
      });
      const schema = call.requestBody?.content?.['application/json']?.schema;
      const body = schema && make('textarea', { value: JSON.stringify(example(schema, schemas), null, 2), ariaLabel: 'request body' });
      const result = make('pre', { hidden: true });
      const send = make('button', { textContent: 'Send' });
      send.onclick = async () => {
        let address = path; const query = new URLSearchParams(), headers = {};
        for (const { given, field } of inputs) {
          if (given.in === 'path') address = address.replace(`{${given.name}}`, encodeURIComponent(field.value));
          else if (field.value && given.in === 'query') query.set(given.name, field.value);
          else if (field.value && given.in === 'header') headers[given.name] = field.value;
        }
        const token = document.getElementById('token').value.trim();
        if (token) headers.Authorization = `Bearer ${token}`;
        if (body) headers['Content-Type'] = 'application/json';
        const answer = await fetch(address + (query.size ? `?${query}` : ''), { method: method.toUpperCase(), headers, body: body?.value });
        let text = await answer.text();
        try { text = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON: shown as it is */ }
        result.hidden = false; result.textContent = `${answer.status} ${answer.statusText}\n\n${text.slice(0, 20000)}`;
      };
      const answers = Object.keys(call.responses || {}).join(', ');
      main.append(make('details', {},
        make('summary', {}, make('span', { className: `method ${method}`, textContent: method.toUpperCase() }), make('code', { textContent: path }), make('span', { className: 'about', textContent: call.summary || '' })),
        make('div', { className: 'body' }, make('p', { className: 'about', textContent: `${call.description || ''} Answers: ${answers}.` }),
          ...inputs.flatMap(({ label, field }) => [label, field]), ...(body ? [make('label', { textContent: 'Body' }), body] : []), send, result)));
    }
  }
});
