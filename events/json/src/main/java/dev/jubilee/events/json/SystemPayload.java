package dev.jubilee.events.json;

import dev.jubilee.events.SystemEvent;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The data of a system event. */
record SystemPayload(@Nullable String message, @Nullable Map<String, @Nullable Object> details) {
    static SystemPayload of(SystemEvent event) {
        return new SystemPayload(event.message(), event.details());
    }
}
