package dev.jubilee.events.examples;

import dev.jubilee.events.store.EventStore;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;

/** A store that counts the events of streams that are read, and can fail to keep snapshots. */
final class CountedReads {
    private final EventStore store;
    private int events;
    private boolean failing;

    CountedReads(EventStore real) {
        this.store =
                (EventStore)
                        Proxy.newProxyInstance(
                                EventStore.class.getClassLoader(),
                                new Class<?>[] {EventStore.class},
                                (proxy, method, arguments) -> {
                                    if (failing && method.getName().equals("saveSnapshot")) {
                                        throw new IllegalStateException("no room");
                                    }
                                    try {
                                        Object answer = method.invoke(real, arguments);
                                        if (method.getName().equals("getEvents")) {
                                            events += ((List<?>) answer).size();
                                        }
                                        return answer;
                                    } catch (InvocationTargetException e) {
                                        throw e.getCause();
                                    }
                                });
    }

    EventStore store() {
        return store;
    }

    void failSnapshots() {
        failing = true;
    }

    /** How many since the last time. */
    int take() {
        int taken = events;
        events = 0;
        return taken;
    }
}
