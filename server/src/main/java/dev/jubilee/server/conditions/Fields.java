package dev.jubilee.server.conditions;

import com.google.errorprone.annotations.Immutable;
import dev.cel.common.exceptions.CelAttributeNotFoundException;
import dev.cel.common.types.CelType;
import dev.cel.common.values.StructValue;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A value of which CEL sees a fixed set of fields. */
@Immutable
@SuppressWarnings("Immutable") // Used within one evaluation, during which nothing changes.
abstract class Fields extends StructValue<String, Object> {
    private final CelType type;

    Fields(CelType type) {
        this.type = type;
    }

    /** Null when it has no value. */
    abstract @Nullable Object field(String name);

    @Override
    public Object select(String name) {
        Object value = field(name);
        if (value == null) {
            throw CelAttributeNotFoundException.forFieldResolution(name);
        }
        return value;
    }

    @Override
    public Optional<Object> find(String name) {
        return Optional.ofNullable(field(name));
    }

    @Override
    public Object value() {
        return this;
    }

    @Override
    public boolean isZeroValue() {
        return false;
    }

    @Override
    public CelType celType() {
        return type;
    }
}
