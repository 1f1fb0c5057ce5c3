package dev.jubilee.events.spring;

import dev.jubilee.events.EventBus;
import dev.jubilee.events.EventCodec;
import dev.jubilee.events.core.BusSettings;
import dev.jubilee.events.core.InMemoryEventBus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.DisposableBean;

/**
 * Opens the bus on the transport that the application chose, and closes it once: when handling
 * ends, or when the application fails before it began. Thread-safe.
 */
final class Transports implements DisposableBean {
    /** How long a health check waits for a server of ours. */
    static final Duration PATIENCE = Duration.ofSeconds(2);

    private static final BusTransport MEMORY = new Memory();

    private final @Nullable String wanted;
    private final List<BusTransport> all;
    private final AtomicBoolean closed = new AtomicBoolean();
    private volatile @Nullable Opened opened;

    private record Opened(EventBus bus, BusTransport transport) {}

    private record Memory() implements BusTransport {
        @Override
        public String name() {
            return "memory";
        }

        @Override
        public boolean isConfigured() {
            return false;
        }

        @Override
        public EventBus open(EventCodec codec, BusSettings settings) {
            return new InMemoryEventBus(settings);
        }
    }

    /** With those of the application. */
    Transports(@Nullable String wanted, List<BusTransport> others) {
        this.wanted = wanted;
        this.all = new ArrayList<>(others);
        all.add(MEMORY);
    }

    EventBus open(EventCodec codec, BusSettings settings) {
        BusTransport transport = choose();
        EventBus bus = transport.open(codec, settings);
        opened = new Opened(bus, transport);
        return bus;
    }

    private BusTransport choose() {
        if (wanted != null) {
            return all.stream()
                    .filter(transport -> transport.name().equals(wanted))
                    .findFirst()
                    .orElseThrow(() ->
                            new IllegalStateException(
                                    "jubilee.events.transport is '%s', and there are %s"
                                            .formatted(wanted, names(all))));
        }
        List<BusTransport> configured = all.stream().filter(BusTransport::isConfigured).toList();
        if (configured.size() > 1) {
            throw new IllegalStateException(
                    "%s are configured: say which by jubilee.events.transport"
                            .formatted(names(configured)));
        }
        return configured.isEmpty() ? MEMORY : configured.getFirst();
    }

    private static String names(List<BusTransport> transports) {
        return transports.stream()
                .map(BusTransport::name)
                .sorted()
                .collect(Collectors.joining(", "));
    }

    /** The transport of this bus; empty if the application made the bus itself. */
    Optional<BusTransport> transportOf(EventBus bus) {
        Opened ours = opened;
        return ours == null || !ours.bus.equals(bus)
                ? Optional.empty()
                : Optional.of(ours.transport);
    }

    /** Drains and closes the bus; one that was opened here no more than once. */
    void close(EventBus bus) {
        if (transportOf(bus).isEmpty() || closed.compareAndSet(false, true)) {
            bus.close();
        }
    }

    @Override
    public void destroy() {
        Opened ours = opened;
        if (ours != null) {
            close(ours.bus);
        }
    }
}
