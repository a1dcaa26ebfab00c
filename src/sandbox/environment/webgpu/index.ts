/**
 * Group `webgpu`: https://www.w3.org/TR/webgpu/, for Jobs that require it. What belongs to a GPU is made by native code
 * (native/webgpu/), which is opened here; what only carries information or errors is made by this group.
 */
import type { MakeGroup } from '../realm.js';
import { defineInterface } from '../webidl.js';
import { adoptDevice, defineDevice, makeUncapturedErrors } from './device.js';
import {
  GPUError,
  GPUInternalError,
  GPUOutOfMemoryError,
  GPUValidationError,
  makePipelineErrors,
  newError,
} from './errors.js';
import {
  copyInfo,
  copyMessage,
  GPUAdapterInfo,
  GPUCompilationInfo,
  GPUCompilationMessage,
  GPUDeviceLostInfo,
  newAdapterInfo,
  newCompilationInfo,
  newLostInfo,
} from './information.js';
import { makeReaders } from './readers.js';
import { enterRealm } from './realm.js';
import { makeSets } from './sets.js';

const makeWebgpu: MakeGroup = (host, realm) => {
  enterRealm(realm);
  const { primordials } = realm;
  const { ObjectKeys, apply } = primordials;
  const { EventTarget } = realm.group('events');
  const { DOMException } = realm.group('dom-exception');

  defineInterface(primordials, 'GPUAdapterInfo', GPUAdapterInfo);
  defineInterface(primordials, 'GPUDeviceLostInfo', GPUDeviceLostInfo);
  defineInterface(primordials, 'GPUCompilationMessage', GPUCompilationMessage, copyMessage);
  defineInterface(primordials, 'GPUCompilationInfo', GPUCompilationInfo, copyInfo);
  defineInterface(primordials, 'GPUError', GPUError);
  defineInterface(primordials, 'GPUValidationError', GPUValidationError);
  defineInterface(primordials, 'GPUOutOfMemoryError', GPUOutOfMemoryError);
  defineInterface(primordials, 'GPUInternalError', GPUInternalError);
  const { GPUPipelineError, newPipelineError } = makePipelineErrors();
  const { GPUUncapturedErrorEvent, fireUncapturedError } = makeUncapturedErrors();
  const { GPUSupportedFeatures, WGSLLanguageFeatures, newFeatures, newLanguageFeatures } = makeSets();

  const native = host.openWebgpu({
    EventTarget,
    adoptDevice,
    defineDevice,
    fireUncapturedError,
    newError,
    newPipelineError,
    newDOMException: (name: string, message: string) => new DOMException(message, name),
    newLostInfo,
    newCompilationInfo,
    newFeatures,
    newLanguageFeatures,
    newAdapterInfo,
    makeReaders,
    arrayValues: primordials.ArrayPrototypeValues,
  });
  const names = ObjectKeys(native);
  for (let index = 0; index < names.length; index++) {
    const made = native[names[index]!];
    // Objects of interfaces can be cloned only where that is said.
    if (typeof made === 'function') {
      apply(primordials.MapPrototypeSet, primordials.platformPrototypes, [made.prototype, null]);
    }
  }
  return {
    ...native,
    GPUAdapterInfo,
    GPUCompilationInfo,
    GPUCompilationMessage,
    GPUDeviceLostInfo,
    GPUError,
    GPUInternalError,
    GPUOutOfMemoryError,
    GPUPipelineError,
    GPUSupportedFeatures,
    GPUUncapturedErrorEvent,
    GPUValidationError,
    WGSLLanguageFeatures,
  };
};

export default makeWebgpu;
