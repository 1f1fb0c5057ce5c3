package dev.jubilee.events.examples;

import dev.jubilee.events.store.EventStore;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;

/** A store that does the first append and then loses its answer, as a lost connection does. */
final class LostAnswer {
    private final EventStore store;
    private boolean lost;

    LostAnswer(EventStore real) {
        this.store =
                (EventStore)
                        Proxy.newProxyInstance(
                                EventStore.class.getClassLoader(),
                                new Class<?>[] {EventStore.class},
                                (proxy, method, arguments) -> {
                                    Object answer = call(real, method, arguments);
                                    if (method.getName().equals("saveEvents") && !lost) {
                                        lost = true;
                                        throw new IllegalStateException("connection lost");
                                    }
                                    return answer;
                                });
    }

    EventStore store() {
        return store;
    }

    private static Object call(EventStore real, Method method, Object[] arguments)
            throws Throwable {
        try {
            return method.invoke(real, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }
}
