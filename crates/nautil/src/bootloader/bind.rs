//! The verbs of the container.
//!
//! They are in this room and not in the container's, because the container knows no bootloaders.

use std::sync::Arc;

use shaku::{Component, Interface};

use super::declarations::AsyncFactory;
use super::{Boot, BoxError, Init};
use crate::container::{Checks, Container, ResolveError, Resolver};

impl Init<'_> {
    /// Binds a component to its interface. One component is built for the whole application, when it is first needed.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// use nautil::container::{Component, Interface};
    ///
    /// trait Clock: Interface { fn hour(&self) -> u32; }
    ///
    /// #[derive(Component)]
    /// #[shaku(interface = Clock)]
    /// struct Noon;
    /// impl Clock for Noon { fn hour(&self) -> u32 { 12 } }
    ///
    /// # let kernel = kernel(|init| {
    /// // In `init`:
    /// init.bind::<Noon>();
    /// # });
    /// # run(async {
    /// // In a test:
    /// let app = kernel.start().await?;
    /// assert_eq!(app.get::<dyn Clock>()?.hour(), 12);
    /// # Ok(()) });
    /// ```
    pub fn bind<C: Component<Container>>(&mut self) -> &mut Self {
        self.declarations.bindings.bind::<C>(self.bootloader);
        self
    }

    /// Binds a component as [`bind`](Self::bind) does, with values for those of its fields that are not injected.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// use nautil::container::{Component, Interface};
    ///
    /// trait Clock: Interface { fn hour(&self) -> u32; }
    ///
    /// #[derive(Component)]
    /// #[shaku(interface = Clock)]
    /// struct Fixed { hour: u32 }
    /// impl Clock for Fixed { fn hour(&self) -> u32 { self.hour } }
    ///
    /// # let kernel = kernel(|init| {
    /// // In `init`:
    /// init.bind_with::<Fixed>(|| FixedParameters { hour: 9 });
    /// # });
    /// # run(async {
    /// // In a test:
    /// let app = kernel.start().await?;
    /// assert_eq!(app.get::<dyn Clock>()?.hour(), 9);
    /// # Ok(()) });
    /// ```
    pub fn bind_with<C: Component<Container>>(
        &mut self,
        parameters: impl Fn() -> C::Parameters + Send + Sync + 'static,
    ) -> &mut Self {
        let bindings = &mut self.declarations.bindings;
        bindings.bind_with::<C>(self.bootloader, parameters);
        self
    }

    /// Binds a value that exists already.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// use std::sync::Arc;
    ///
    /// struct Zone(&'static str);
    ///
    /// # let kernel = kernel(|init| {
    /// // In `init`:
    /// init.instance(Arc::new(Zone("UTC")));
    /// # });
    /// # run(async {
    /// // In a test:
    /// let app = kernel.start().await?;
    /// assert_eq!(app.get::<Zone>()?.0, "UTC");
    /// # Ok(()) });
    /// ```
    pub fn instance<I: Interface + ?Sized>(&mut self, value: Arc<I>) -> &mut Self {
        let bindings = &mut self.declarations.bindings;
        bindings.instance::<I>(self.bootloader, value);
        self
    }

    /// Binds a closure that makes a value when it is first needed, out of what it resolves.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// use std::sync::Arc;
    ///
    /// struct Port(u16);
    /// struct Address(String);
    ///
    /// # let kernel = kernel(|init| {
    /// // In `init`:
    /// init.instance(Arc::new(Port(9001)));
    /// init.factory(|resolver| {
    ///     let port = resolver.get::<Port>();
    ///     Ok(Arc::new(Address(format!("localhost:{}", port.0))))
    /// });
    /// # });
    /// # run(async {
    /// // In a test:
    /// let app = kernel.start().await?;
    /// assert_eq!(app.get::<Address>()?.0, "localhost:9001");
    /// # Ok(()) });
    /// ```
    pub fn factory<I: Interface + ?Sized>(
        &mut self,
        make: impl Fn(&mut Resolver<'_>) -> Result<Arc<I>, BoxError> + Send + Sync + 'static,
    ) -> &mut Self {
        let bindings = &mut self.declarations.bindings;
        bindings.factory::<I>(self.bootloader, make);
        self
    }

    /// Binds a value that takes an `await` to be made, such as a pool that connects.
    ///
    /// It is made in the phase `boot`: right before the `boot` of this bootloader, and within the same `app.boot_timeout`. From
    /// then on it is injected like anything else. Whatever asks for it earlier gets the error that it has not been made yet.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// use std::sync::Arc;
    ///
    /// struct Pool(usize);
    ///
    /// async fn connect() -> std::io::Result<Pool> { Ok(Pool(8)) }
    ///
    /// # let kernel = kernel(|init| {
    /// // In `init`:
    /// init.async_factory(|_boot| async { Ok(Arc::new(connect().await?)) });
    /// # });
    /// # run(async {
    /// // In a test:
    /// let app = kernel.start().await?;
    /// assert_eq!(app.get::<Pool>()?.0, 8);
    /// # Ok(()) });
    /// ```
    pub fn async_factory<I, F>(
        &mut self,
        make: impl FnOnce(Boot) -> F + Send + Sync + 'static,
    ) -> &mut Self
    where
        I: Interface + ?Sized,
        F: Future<Output = Result<Arc<I>, BoxError>> + Send + 'static,
    {
        let place = self.declarations.bindings.deferred::<I>(self.bootloader);
        self.declarations.factories.push(AsyncFactory {
            bootloader: self.bootloader,
            make: Box::new(move |boot| {
                Box::pin(async move {
                    // It is not needed where something else was bound in its place, as a test does.
                    if place.is_needed() {
                        place.fill(make(boot).await?);
                    }
                    Ok(())
                })
            }),
        });
        self
    }

    /// Adds a component to the list of its interface, which is injected as `Vec<Arc<dyn I>>`, in the order of declaration.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// use nautil::container::{Component, Container, Interface};
    ///
    /// trait Chime: Interface { fn sound(&self) -> &'static str; }
    ///
    /// #[derive(Component)]
    /// #[shaku(interface = Chime)]
    /// struct Bell;
    /// impl Chime for Bell { fn sound(&self) -> &'static str { "dong" } }
    ///
    /// #[derive(Component)]
    /// #[shaku(interface = Chime)]
    /// struct Cuckoo;
    /// impl Chime for Cuckoo { fn sound(&self) -> &'static str { "cuckoo" } }
    ///
    /// # let kernel = kernel(|init| {
    /// // In `init`:
    /// init.extend::<Bell>().extend::<Cuckoo>();
    /// # });
    /// # run(async {
    /// // In a test:
    /// let app = kernel.start().await?;
    /// let chimes = app.get::<Container>()?.all::<dyn Chime>()?;
    /// let sounds: Vec<_> = chimes.iter().map(|chime| chime.sound()).collect();
    /// assert_eq!(sounds, ["dong", "cuckoo"]);
    /// # Ok(()) });
    /// ```
    pub fn extend<C: Component<Container>>(&mut self) -> &mut Self {
        self.declarations.bindings.extend::<C>(self.bootloader);
        self
    }

    /// Wraps what is bound to `I`, whichever bootloader bound it. Decorators wrap in the order of their declaration. If nothing
    /// is bound to `I`, the application does not start.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// use std::sync::Arc;
    ///
    /// use nautil::container::Interface;
    ///
    /// trait Clock: Interface { fn hour(&self) -> u32; }
    ///
    /// struct Noon;
    /// impl Clock for Noon { fn hour(&self) -> u32 { 12 } }
    ///
    /// struct SummerTime(Arc<dyn Clock>);
    /// impl Clock for SummerTime { fn hour(&self) -> u32 { self.0.hour() + 1 } }
    ///
    /// # let kernel = kernel(|init| {
    /// // In the `init` of one bootloader, and of another:
    /// init.instance::<dyn Clock>(Arc::new(Noon));
    /// init.decorate::<dyn Clock>(|clock, _| Ok(Arc::new(SummerTime(clock))));
    /// # });
    /// # run(async {
    /// // In a test:
    /// let app = kernel.start().await?;
    /// assert_eq!(app.get::<dyn Clock>()?.hour(), 13);
    /// # Ok(()) });
    /// ```
    pub fn decorate<I: Interface + ?Sized>(
        &mut self,
        wrap: impl Fn(Arc<I>, &mut Resolver<'_>) -> Result<Arc<I>, BoxError> + Send + Sync + 'static,
    ) -> &mut Self {
        let bindings = &mut self.declarations.bindings;
        bindings.decorate::<I>(self.bootloader, wrap);
        self
    }

    /// Binds a component in the place of what an earlier bootloader bound. If nothing was bound, the application does not
    /// start.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// use std::sync::Arc;
    ///
    /// use nautil::container::{Component, Interface};
    ///
    /// trait Clock: Interface { fn hour(&self) -> u32; }
    ///
    /// struct Noon;
    /// impl Clock for Noon { fn hour(&self) -> u32 { 12 } }
    ///
    /// #[derive(Component)]
    /// #[shaku(interface = Clock)]
    /// struct Midnight;
    /// impl Clock for Midnight { fn hour(&self) -> u32 { 0 } }
    ///
    /// # let kernel = kernel(|init| {
    /// // In the `init` of one bootloader, and of a later one:
    /// init.instance::<dyn Clock>(Arc::new(Noon));
    /// init.rebind::<Midnight>();
    /// # });
    /// # run(async {
    /// // In a test:
    /// let app = kernel.start().await?;
    /// assert_eq!(app.get::<dyn Clock>()?.hour(), 0);
    /// # Ok(()) });
    /// ```
    pub fn rebind<C: Component<Container>>(&mut self) -> &mut Self {
        self.declarations.bindings.rebind::<C>(self.bootloader);
        self
    }

    /// Adds a check of components that are bound to nothing, and that the application needs all the same. It returns what
    /// cannot be built.
    pub(crate) fn check(
        &mut self,
        check: impl Fn(&Container) -> Vec<ResolveError> + Send + Sync + 'static,
    ) -> &mut Self {
        self.declare::<Checks>().add(check);
        self
    }
}
