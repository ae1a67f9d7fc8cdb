// What npm run rebuild and npm run reseal have in common: both ask a running deployment.

/** Whether somebody asks how a tool is used, wherever in its arguments. */
export const asksForHelp = (argv) => argv.slice(2).some((arg) => arg === '--help' || arg === '-h');

/** What is wrong with how such a tool was called, or null. */
export function wrongCall({ token, address, others }) {
  if (others.length > 0) return `there is no argument "${others[0]}"`;
  if (!/^https?:\/\//.test(address) || !URL.canParse(address))
    return `"${address}" is no address of a deployment, such as http://127.0.0.1:8080`;
  return token === '' ? "SLUICE_ADMIN_TOKEN is not set: the administrator's token" : null;
}
