/** Values that are waited for until they rest. */
import { useEffect, useState } from "react";

/** The value as it was when it last rested for so many milliseconds. */
export function useDelayed<Value>(value: Value, restMs: number): Value {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), restMs);
    return () => clearTimeout(timer);
  }, [value, restMs]);
  return rested;
}
