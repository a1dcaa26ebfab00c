/** The examples as their users have them: plain JavaScript, loaded from where they lie. */
import { fileURLToPath, pathToFileURL } from 'node:url';

/** @param file its place in `examples/` */
export function exampleFile(file: string): string {
  return fileURLToPath(new URL(`../../examples/${file}`, import.meta.url));
}

export async function example<Module>(file: string): Promise<Module> {
  return (await import(pathToFileURL(exampleFile(file)).href)) as Module;
}

/** Of `city-isolation/cities.mjs`. */
export interface CitiesModule {
  readonly toColumns: (list: City[]) => Cities;
  readonly loadCities: () => Cities;
}

export interface City {
  name: string;
  country: string;
  population: number;
  longitude: number;
  latitude: number;
}
export interface Cities {
  count: number;
  name: string[];
  population: Float64Array;
  longitude: Float64Array;
  latitude: Float64Array;
  x: Float64Array;
  y: Float64Array;
  z: Float64Array;
}
