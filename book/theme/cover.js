// The cover's picture plays once by itself; a button plays it again. Where motion is not welcome,
// nothing plays, and there is no button.
'use strict';

for (const run of document.querySelectorAll('.cover .run')) {
    if (matchMedia('(prefers-reduced-motion: no-preference)').matches) {
        const button = document.createElement('button');
        button.type = 'button';
        button.textContent = `Play again, ${run.dataset.slower} times slower than it was`;
        button.addEventListener('click', () => {
            for (const animation of document.getAnimations()) {
                if (run.contains(animation.effect.target)) {
                    animation.cancel();
                    animation.play();
                }
            }
        });
        run.after(button);
    }
}
