/** Built by `build.ts`: the library's declaration files and this folder's ambient declarations, name to text. */
declare module "factory:libraries" {
  const libraries: { readonly [name: string]: string };
  export default libraries;
}
