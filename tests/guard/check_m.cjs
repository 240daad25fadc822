// Says what Microsoft's parser of Power Query finds wrong with queries.
// In: a JSON list of queries; out: for each of them its fault, or null.
const { DefaultSettings, TaskUtils } = require('@microsoft/powerquery-parser');

const queries = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));

async function faultOf(query) {
  const task = await TaskUtils.tryLexParse(DefaultSettings, query);
  return TaskUtils.isParseStageOk(task) ? null : String(task.error.message ?? task.error);
}

Promise.all(queries.map(faultOf)).then((faults) => console.log(JSON.stringify(faults)));
