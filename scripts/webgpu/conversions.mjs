/** The C++ expression that converts a value of a type of WebIDL, by the functions of native/webgpu/convert.h and glue.h. */
import { cNameOf, structOf } from './names.mjs';

/** Types that hand-written code converts (native/webgpu/unions.h). @type {Readonly<Record<string, string>>} */
const UNIONS = {
  GPUBindingResource: 'ConvertBindingResource',
  GPUColor: 'ConvertColor',
  GPUExtent3D: 'ConvertExtent3D',
  GPUOrigin3D: 'ConvertOrigin3D',
  'GPUTexture|GPUTextureView': 'ConvertTextureView',
  'GPUPipelineLayout|GPUAutoLayoutMode': 'ConvertPipelineLayout',
};

/** C types of what is converted to a plain value. @type {Readonly<Record<string, string>>} */
const PLAIN = {
  boolean: 'WGPUBool',
  'unsigned short': 'uint16_t',
  'unsigned long': 'uint32_t',
  'unsigned long long': 'uint64_t',
  long: 'int32_t',
  float: 'float',
  double: 'double',
  USVString: 'WGPUStringView',
  DOMString: 'WGPUStringView',
  GPUColor: 'WGPUColor',
  GPUExtent3D: 'WGPUExtent3D',
  GPUOrigin3D: 'WGPUOrigin3D',
};

/** @param {import('./idl.mjs').Type} type */
function unionName(type) {
  return type.name === 'union' ? type.union.map(({ name }) => name).join('|') : type.name;
}

/**
 * What holds a value of the type in C.
 * @param {import('./idl.mjs').Idl} idl
 * @param {import('./idl.mjs').Type} type
 */
export function cTypeOf(idl, type) {
  const plain = PLAIN[type.name];
  if (plain !== undefined) return plain;
  if (idl.isEnum(type.name) || idl.isInterface(type.name)) return cNameOf(type.name);
  if (idl.dictionaries.has(type.name)) return structOf(type.name);
  if (unionName(type) === 'GPUTexture|GPUTextureView') return 'WGPUTextureView';
  throw new Error(`webgpu.idl: no C type for ${type.name}`);
}

/**
 * @param {import('./idl.mjs').Idl} idl
 * @param {import('./idl.mjs').Type} type
 * @param {string} value a `v8::Local<v8::Value>`
 * @param {string} where a `Where`
 * @param {string} target a pointer
 * @returns {string} an expression that is false with an exception pending
 */
export function conversion(idl, type, value, where, target) {
  const union = UNIONS[unionName(type)];
  if (union !== undefined) return `${union}(c, ${value}, ${where}, ${target})`;
  switch (type.name) {
    case 'boolean':
      return `c.ToBoolean(${value}, ${target})`;
    case 'USVString':
    case 'DOMString':
      return `c.ToString(${value}, ${target})`;
    case 'float':
    case 'double':
      return `c.ToNumber(${value}, ${where}, ${target})`;
    case 'unsigned short':
    case 'unsigned long':
    case 'unsigned long long':
    case 'long':
      if (type.extended.has('EnforceRange')) {
        const bits = type.name === 'unsigned long' ? '32' : '';
        return `c.ToInteger${bits}(${value}, ${where}, ${target})`;
      }
      if (type.extended.has('Clamp')) return `c.ToClamped(${value}, ${where}, ${target})`;
      return `c.ToModulo(${value}, ${target})`;
  }
  if (idl.isEnum(type.name)) return `c.ToEnum(${value}, ${where}, EnumId::k${type.name}, ${target})`;
  if (idl.isInterface(type.name)) {
    const strict = `c.ToHandle(${value}, ${where}, Kind::k${type.name}, ${target})`;
    return type.nullable ? `(${value}->IsNullOrUndefined() || ${strict})` : strict;
  }
  if (idl.dictionaries.has(type.name)) return `Convert${type.name}(c, ${value}, ${where}, ${target})`;
  throw new Error(`webgpu.idl: no conversion to ${type.name}`);
}

/**
 * A lambda for `Conversion::ToSequence`.
 * @param {import('./idl.mjs').Idl} idl
 * @param {import('./idl.mjs').Type} element
 */
export function elementConversion(idl, element) {
  const body = conversion(idl, { ...element, nullable: false }, 'element', 'element_at', 'place');
  // Null stands for an empty place: the initial value of the struct, or no object.
  const nullable = element.nullable ? 'element->IsNullOrUndefined() || ' : '';
  return `[&](v8::Local<v8::Value> element, const Where& element_at, ${cTypeOf(idl, element)}* place) {
      return ${nullable}${body};
    }`;
}
