export {
  dayKeyIdOf,
  MAX_DESCRIPTOR_BYTES,
  nodeIdOf,
  openDescriptor,
  signDescriptor,
  type DayKey,
  type Descriptor,
  type DescriptorRefusal,
  type StampPrice,
} from "./descriptor.ts";
