/** Which C type stands for which of WebIDL, and how a value of WebIDL is written in C++. */
import { keyOf } from './abi.mjs';

/** Dictionaries whose struct has another name. @type {Readonly<Record<string, string>>} */
const STRUCTS = {
  GPUProgrammableStage: 'WGPUComputeState',
  GPUComputePassTimestampWrites: 'WGPUPassTimestampWrites',
  GPURenderPassTimestampWrites: 'WGPUPassTimestampWrites',
  GPUColorDict: 'WGPUColor',
  GPUOrigin3DDict: 'WGPUOrigin3D',
  GPUExtent3DDict: 'WGPUExtent3D',
};

/** Enums that C has by another name. @type {Readonly<Record<string, string>>} */
const ENUMS = {
  GPUMipmapFilterMode: 'WGPUMipmapFilterMode',
};

/** @param {string} name of a dictionary */
export const structOf = (name) => STRUCTS[name] ?? name.replace(/^GPU/, 'WGPU');

/** @param {string} name of an enum or an interface */
export const cNameOf = (name) => ENUMS[name] ?? name.replace(/^GPU/, 'WGPU');

/** The constant in `enum class Str` for a name that JavaScript uses. @param {string} name */
export const strOf = (name) => `Str::k_${name.replace(/[^A-Za-z0-9]/g, '_')}`;

/**
 * The C constant for a value of an enum; undefined when this ABI has none.
 * @param {import('./abi.mjs').Abi} abi
 * @param {string} name of the enum in WebIDL
 * @param {string} value
 */
export function enumConstant(abi, name, value) {
  const each = abi.enum(cNameOf(name));
  const entry = each?.entries.find(({ key }) => key === keyOf(value));
  return entry && `${each?.name}_${entry.name}`;
}
