// Says what Microsoft's Kusto language service finds wrong with queries, and what they would return.
// In: {"tables": {name: "(column: type, ...)"}, "queries": [...]};
// out: for each query {"faults": [...], "columns": {name: type}}.
require('@kusto/language-service-next/bridge.min.js');
require('@kusto/language-service-next/Kusto.Language.Bridge.min.js');

const { KustoCode, GlobalState, Symbols } = Kusto.Language;
const given = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
const tables = Object.entries(given.tables).map(([name, columns]) =>
  Symbols.TableSymbol.From(columns).WithName(name),
);
const database = new Symbols.DatabaseSymbol.ctor('workspace', tables);
const state = GlobalState.Default.WithDatabase(database);

const list = (found, read) => Array.from({ length: found.Count }, (_, at) => read(found.getItem(at)));

function bound(query) {
  const code = KustoCode.ParseAndAnalyze(query, state);
  return {
    faults: list(
      code.GetDiagnostics(),
      (fault) => `${fault.Severity} at ${fault.Start}: ${fault.Message}`,
    ),
    columns: Object.fromEntries(
      list(code.ResultType?.Columns ?? { Count: 0 }, ({ Name, Type }) => [Name, Type.Name]),
    ),
  };
}

console.log(JSON.stringify(given.queries.map(bound)));
